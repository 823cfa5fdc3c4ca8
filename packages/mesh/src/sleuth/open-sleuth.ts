/** Opens a node: puts together what speaks ZRE, what asks, what answers and what knows who is there (sleuth.ts says what
 * for). */
import { type Clock, context, isGoblinError, sleep, systemClock, type Telemetry } from '@goblin/core';
import type { Sleuth, SleuthOptions, SleuthService } from './sleuth.ts';
import { sleuthClientOf } from './sleuth-calls.ts';
import { SleuthClient, type SleuthInit } from './sleuth-client.ts';
import { decodeSleuth, SLEUTH_GROUP } from './sleuth-message.ts';
import { sleuthMetrics } from './sleuth-metrics.ts';
import { SleuthServer } from './sleuth-server.ts';
import { checkServiceName, describePeer, SleuthServices, serviceOf } from './sleuth-services.ts';
import { interfaceOf, SLEUTH_PORT } from './sleuth-setting.ts';
import { turnstile } from './turnstile.ts';
import { udpBeacon, type ZreBeacon } from './zre-beacon.ts';
import { startZreNode, type ZreNode } from './zre-node.ts';
import type { ZrePeer } from './zre-peer.ts';

const WAIT_MS = 5_000;
const STOP_MS = 3_000;
/** How long a service goes on after its goodbye, for questions that were on their way. */
const LAME_DUCK_MS = 100;
/** Messages that are unpacked at a time, each to 8 MiB at most. */
const UNPACKED_AT_ONCE = 4;

/** What a test or a simulator may put in place of its own. */
export interface SleuthParts {
  readonly telemetry: Telemetry;
  readonly clock?: Clock;
  readonly beacon?: ZreBeacon;
}

/** @throws CONFIG_INVALID for an interface that is not there, INVALID_INPUT for a name that cannot be announced, the
 * error of a socket that cannot be opened */
export async function openSleuth(options: SleuthOptions, parts: SleuthParts): Promise<Sleuth> {
  return context.detach(() => open(options, parts));
}

async function open(options: SleuthOptions, parts: SleuthParts): Promise<Sleuth> {
  const { telemetry, clock = systemClock } = parts;
  const { serve } = options;
  if (serve) checkServiceName(serve.name);
  const place = interfaceOf(options.interface);
  const port = options.port ?? SLEUTH_PORT;
  const services = new SleuthServices(clock);
  const unpacking = turnstile(UNPACKED_AT_ONCE);
  const metrics = sleuthMetrics(telemetry, clock, () => censusOf(node));
  const send = (peer: ZrePeer, content: Uint8Array): boolean => node.whisper(peer, content);
  const server = new SleuthServer({
    clock,
    service: serve?.name,
    handler: serve?.handler,
    send,
    answered: (status) => metrics.request('in', String(status)),
    failed: (err) => telemetry.log.error({ err }, `${serve?.name} failed to answer a Sleuth request`),
  });

  async function whispered(peer: ZrePeer, content: Uint8Array): Promise<void> {
    try {
      const message = await unpacking(() => decodeSleuth(content));
      if (message.kind === 'request') void server.answer(peer, message);
      else if (!client.answered(peer, message))
        metrics.ignored('message', `an answer of ${peer.address} that nobody waits for`);
    } catch (error) {
      metrics.ignored('message', `${peer.address}: ${(error as Error).message}`);
    }
  }

  const node: ZreNode = await startZreNode({
    host: place.address,
    headers: (uuid) => headersOf(serve, uuid),
    group: SLEUTH_GROUP,
    beacon: parts.beacon ?? udpBeacon({ port, interface: place, clock, log: telemetry.log }),
    clock,
    entered: (peer) => services.add(peer),
    left: (peer) => services.remove(peer),
    gone(peer, because) {
      client.forget(peer, because);
      server.forget(peer);
    },
    whispered,
    ignored: metrics.ignored,
  }).catch((error) => {
    metrics[Symbol.dispose]();
    throw error;
  });
  const client = new SleuthClient({ uuid: node.uuid, services, clock, send });

  async function fetch(target: string | URL, init?: SleuthInit): Promise<Response> {
    try {
      const response = await client.fetch(target, init);
      metrics.request('out', String(response.status));
      return response;
    } catch (error) {
      metrics.request('out', isGoblinError(error) ? error.code : 'INTERNAL');
      throw error;
    }
  }

  let stopped: Promise<void> | undefined;
  async function windDown(timeoutMs: number): Promise<void> {
    const giveUp = new AbortController();
    await node.leave();
    if (serve) await sleep(Math.min(timeoutMs, LAME_DUCK_MS));
    await Promise.race([server.idle(), sleep(timeoutMs, giveUp.signal).catch(() => {})]);
    giveUp.abort();
    client.close();
    await node.close();
    metrics[Symbol.dispose]();
  }
  const stop = (timeoutMs = STOP_MS): Promise<void> => {
    stopped ??= windDown(timeoutMs);
    return stopped;
  };

  return {
    uuid: node.uuid,
    get peers() {
      return [...node.peers].filter((peer) => peer.isReady).map(describePeer);
    },
    fetch,
    client: (contract, service = contract.service) => sleuthClientOf(contract, service, fetch, telemetry),
    waitFor: (names, { timeoutMs = WAIT_MS, signal } = {}) =>
      services.waitFor(names, { timeoutMs, ...(signal && { signal }) }),
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** A service says what it is, a pure client nothing: by that Sleuth tells them apart. */
function headersOf(serve: SleuthService | undefined, uuid: string): ReadonlyMap<string, string> {
  if (!serve) return new Map();
  return new Map([
    ['group', SLEUTH_GROUP],
    ['node', uuid],
    ['type', serve.name],
    ['version', serve.version ?? 'unknown'],
  ]);
}

function censusOf(node: ZreNode): { service: number; client: number } {
  const census = { service: 0, client: 0 };
  for (const peer of node.peers) {
    if (peer.isReady) census[serviceOf(peer) === undefined ? 'client' : 'service'] += 1;
  }
  return census;
}
