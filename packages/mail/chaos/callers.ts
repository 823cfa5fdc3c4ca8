/** Those who ask for the work, until they are told to stop. Each does as a caller who must know does: with a key of its own, again
 * until the database has answered. What was asked for is remembered here and not in the database, so that the database
 * cannot forget it. Some transactions are rolled back at the end: of what they asked nothing may ever be seen. */
import { sleep } from '@goblin/core';
import { sql, type Transaction } from '@goblin/data';
import type { Chance } from './chance.ts';
import { surely } from './surely.ts';
import { charge, laned, letter, MAIL_KIND, noted, order, placed, single } from './work/definitions.ts';
import type { World } from './world/world.ts';

const CALLERS = 3;
/** Tasks that wait at once, about: enough that every kill meets some. */
const BACKLOG = 150;
const BATCH = 4;
/** One request of so many is rolled back. */
const ROLLED_BACK = 12;
/** One mail of so many may be sent twice. */
const AT_LEAST_ONCE = 8;

export type AskedKind = 'single' | 'laned' | 'charge' | 'order' | 'letter' | 'noted';
/** The names of what was asked for and committed. */
export type Asked = Readonly<Record<AskedKind, Set<string>>>;

export interface Callers {
  readonly asked: Asked;
  /** Resolves when nothing more is asked for. */
  stop(): Promise<void>;
}

class RolledBack extends Error {}

/** How each kind is asked for. Done twice it is the same. */
const ASKING: Readonly<Record<AskedKind, (tx: Transaction, names: readonly string[]) => Promise<void>>> = {
  single: (tx, names) => single.enqueueMany(tx, names.map(requestOf)).then(() => {}),
  laned: (tx, names) => laned.enqueueMany(tx, names.map(requestOf)).then(() => {}),
  charge: (tx, names) => charge.enqueueMany(tx, names.map(requestOf)).then(() => {}),
  order: async (tx, names) => {
    for (const name of names) {
      const { isNew } = await order.enqueue(tx, requestOf(name));
      if (isNew) await placed.publish(tx, { name });
    }
  },
  letter: async (tx, names) => {
    for (const name of names) {
      const policy = isAtLeastOnce(name) ? 'at-least-once' : 'never-twice';
      await letter.send(tx, { key: name, to: 'reader@example.com', data: { name }, policy });
    }
  },
  noted: async (tx, names) => {
    for (const name of names) {
      const { count } = await tx.query(sql`insert into said (name) values (${name}) on conflict do nothing`);
      if (count > 0) await noted.publish(tx, { name });
    }
  },
};
const KINDS = Object.keys(ASKING) as AskedKind[];

export function callInto({ db }: World, luck: Chance): Callers {
  const asked: Asked = {
    single: new Set(),
    laned: new Set(),
    charge: new Set(),
    order: new Set(),
    letter: new Set(),
    noted: new Set(),
  };
  let count = 0;
  let stopped = false;

  async function ask(kind: AskedKind, isGhost: boolean, names: readonly string[]): Promise<void> {
    const asking = db.transaction(async (tx) => {
      await ASKING[kind](tx, names);
      if (isGhost) throw new RolledBack();
    });
    await asking.catch((error) => {
      if (!(error instanceof RolledBack)) throw error;
    });
  }

  async function call(own: Chance): Promise<void> {
    while (!stopped) {
      const kind = KINDS[own.below(KINDS.length)]!;
      const isGhost = own.oneIn(ROLLED_BACK);
      const size = kind === 'single' || kind === 'letter' ? own.between(1, BATCH) : 1;
      const names = Array.from({ length: size }, () => `${isGhost ? 'ghost' : kind} ${++count}`);
      await surely(() => ask(kind, isGhost, names));
      if (!isGhost) for (const name of names) asked[kind].add(name);
      while (!stopped && (await backlog()) > BACKLOG) await sleep(20);
    }
  }

  /** Without mails whose senders were killed: these wait for their leases. */
  async function backlog(): Promise<number> {
    const counted = sql`
      select count(*) from goblin.task where kind <> ${MAIL_KIND} or due_at <= goblin.task_now()`;
    return (await surely(() => db.one<{ count: number }>(counted))).count;
  }

  const ended = Promise.all(Array.from({ length: CALLERS }, () => call(luck.branch())));
  // Whoever stops them hears of it.
  ended.catch(() => {});
  return {
    asked,
    async stop() {
      stopped = true;
      await ended;
    },
  };
}

/** By its name, so that a caller who asks again asks for the same. */
export function isAtLeastOnce(name: string): boolean {
  return Number(name.split(' ')[1]) % AT_LEAST_ONCE === 0;
}

function requestOf(name: string): { key: string; input: { name: string } } {
  return { key: name, input: { name } };
}
