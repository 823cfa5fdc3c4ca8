/** Real processes, asked for ten times what they can do. What is compared is not the clock, which other programs on the
 * machine share, but what the server's CPU time went into. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { clientOf, type GoblinError } from '@goblin/core';
import { linkTransport } from '../link/link-transport.ts';
import { peerAt } from '../testing/peer-at.ts';
import { busy } from './testing/busy-contract.ts';
import { RawHttpLoad } from './testing/raw-http-load.ts';

type Method = 'compute' | 'computeLater';

const OVERLOAD = 10;
const SETTLE_MS = 3_000;
const MEASURE_MS = 3_000;
/** Were each to wait for its answer, they would wait for two seconds: twice their deadline. */
const CONNECTIONS = 400;
/** A refusal by HTTP costs ten times what one by a link costs. */
const WORK_MS = { link: 1, http: 5 } as const;

class Server implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(): Promise<Server> {
    const child = fork(new URL('./testing/busy-server.ts', import.meta.url).pathname);
    const [port] = await once(child, 'message');
    return new Server(child, port as number);
  }

  async cpuMs(): Promise<number> {
    this.#process.send('cpu');
    const [used] = await once(this.#process, 'message');
    return used as number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The share of the server's CPU time that went into answers, while calls come in whatever becomes of them. */
async function shareOfGood(server: Server, forMs: number, good: () => number): Promise<number> {
  await pause(SETTLE_MS);
  const [usedBefore, goodBefore] = [await server.cpuMs(), good()];
  await pause(MEASURE_MS);
  const [usedAfter, goodAfter] = [await server.cpuMs(), good()];
  return ((goodAfter - goodBefore) * forMs) / (usedAfter - usedBefore);
}

for (const method of ['compute', 'computeLater'] as const) {
  test(`asked for ten times what it can, a process still does what it can: ${method} by a link`, async (t) => {
    await using server = await Server.start();
    const transport = linkTransport();
    const peer = peerAt({ host: '127.0.0.1', port: server.port });
    const client = clientOf(busy, (call) => transport.call(peer, call));
    const ends: Record<string, number> = { ok: 0 };
    const stop = flood(client, method, ends);
    const share = await shareOfGood(server, WORK_MS.link, () => ends.ok!);
    stop();
    await transport.close();
    t.diagnostic(`${Math.round(share * 100)} % of the CPU time; ${JSON.stringify(ends)}`);
    assert.ok(share > 0.8, `${share} of the CPU time went into answers: ${JSON.stringify(ends)}`);
    assert.ok(ends.RESOURCE_EXHAUSTED! > 0, `nothing was refused: ${JSON.stringify(ends)}`);
  });

  test(`asked for ten times what it can, a process still does what it can: ${method} by HTTP`, async (t) => {
    await using server = await Server.start();
    using load = await RawHttpLoad.start(
      {
        port: server.port,
        path: `/busy.v1/${method}`,
        connections: CONNECTIONS,
        perSecond: (OVERLOAD * 1_000) / WORK_MS.http,
      },
      { warmUp: '{"forMs":0}', body: JSON.stringify({ forMs: WORK_MS.http }) },
    );
    const share = await shareOfGood(server, WORK_MS.http, () => load.answers.get(200) ?? 0);
    const answers = JSON.stringify([...load.answers]);
    t.diagnostic(`${Math.round(share * 100)} % of the CPU time; ${answers}`);
    assert.ok(share > 0.5, `${share} of the CPU time went into answers: ${answers}`);
    assert.ok(load.answers.get(429)! > 0, `nothing was refused: ${answers}`);
  });
}

/** Calls come at ten times the rate that the work allows. Returns what ends it. */
function flood(
  client: Readonly<Record<Method, (input: { forMs: number }) => Promise<unknown>>>,
  method: Method,
  ends: Record<string, number>,
): () => void {
  const perMs = OVERLOAD / WORK_MS.link;
  const count = (end: string): void => {
    ends[end] = (ends[end] ?? 0) + 1;
  };
  let sentUntil = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - sentUntil) * perMs);
    sentUntil += due / perMs;
    for (let i = 0; i < due; i++)
      client[method]({ forMs: WORK_MS.link }).then(
        () => count('ok'),
        (error: GoblinError) => count(error.code),
      );
  }, 1);
  return () => clearInterval(timer);
}
