/** Gets in touch with whoever listens at addresses that a finder gives: at once with new ones, and each PERIOD_MS with
 * those where no member is, so that a cluster that was cut in two is one again. Few at a time, in an order of
 * chance: the first that answers usually tells of all others. One that does not answer is reported and tried again. */
import type { Counter, Timer } from '@goblin/core';
import { type Endpoint, hostAndPort } from '../peer.ts';
import { type Complaints, createComplaints } from './complaints.ts';
import type { FinderContext } from './finder.ts';

const PERIOD_MS = 3_000;
/** Each period is up to this share shorter or longer. */
const JITTER = 0.2;
const AT_ONCE = 3;
/** More addresses than that are cut off: a few are enough. */
export const MAX_ADDRESSES = 5_000;

export interface Contacts {
  /** From now on, these. */
  use(addresses: readonly Endpoint[]): void;
  /** Whether at each address there is a member. */
  readonly complete: boolean;
  readonly complaints: Complaints;
  stop(): void;
}

/** @param finder its name, for logs and metrics. */
export function contacts(context: FinderContext, finder: string): Contacts {
  const { clock, random } = context;
  const complaints = createComplaints(clock, context.log, finder);
  const counted = context.metrics.counter('mesh_finder_contacts_total', {
    help: 'Contacts with addresses that a finder gave: ok, failed.',
    labels: ['finder', 'outcome'],
  });
  const outcomes: Readonly<Record<'ok' | 'failed', Counter>> = {
    ok: counted.with(finder, 'ok'),
    failed: counted.with(finder, 'failed'),
  };
  /** Who answered at an address last, where its name is not the address that the member gives. */
  const answered = new Map<string, string>();
  const trying = new Set<string>();
  let addresses: readonly Endpoint[] = [];
  let timer: Timer | undefined;
  let stopped = false;

  function isReached(address: Endpoint): boolean {
    const who = answered.get(hostAndPort(address));
    return (who !== undefined && isThere(who)) || context.listensAt(address) || isOwn(address);
  }

  function isThere(instance: string): boolean {
    return instance === context.self().instance || context.isMember(instance);
  }

  function isOwn({ host, port }: Endpoint): boolean {
    const own = context.self().address;
    return own?.host === host && own.port === port;
  }

  function round(): void {
    timer?.cancel();
    if (stopped) return;
    timer = clock.after(PERIOD_MS * (1 + JITTER * (2 * random() - 1)), round);
    const missing = addresses.filter((address) => !isReached(address));
    const first = Math.floor(random() * missing.length);
    work(missing.map((_, i) => missing[(first + i) % missing.length]!));
  }

  function work(missing: Endpoint[]): void {
    while (trying.size < AT_ONCE && missing.length > 0) {
      const address = missing.shift()!;
      const name = hostAndPort(address);
      if (trying.has(name) || isReached(address)) continue;
      trying.add(name);
      void attempt(address, name).then(() => {
        trying.delete(name);
        if (!stopped) work(missing);
      });
    }
  }

  async function attempt(address: Endpoint, name: string): Promise<void> {
    try {
      answered.set(name, await context.contact(address));
      outcomes.ok.add();
    } catch (error) {
      if (stopped) return;
      outcomes.failed.add();
      complaints.about(`${name} did not exchange peers: ${(error as Error).message}`);
    }
  }

  return {
    complaints,
    get complete() {
      return addresses.every(isReached);
    },
    use(next) {
      addresses = next.slice(0, MAX_ADDRESSES);
      const names = new Set(addresses.map(hostAndPort));
      for (const name of answered.keys()) if (!names.has(name)) answered.delete(name);
      round();
    },
    stop() {
      stopped = true;
      timer?.cancel();
      complaints.close();
    },
  };
}
