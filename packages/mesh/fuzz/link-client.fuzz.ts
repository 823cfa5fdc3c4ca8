/** The calling end of a link, told whatever a peer could make up after a good greeting: each of its calls settles once,
 * with an answer or a coded error, whatever comes. The input is a script (link-script.ts). */
import { type Call, Cancellation, contract, GoblinError, type Procedure, rootContext } from '@goblin/core';
import { z } from 'zod';
import { ClientLink } from '../src/link/client-link.ts';
import { BREAK, DRAIN, END, ERROR, HELLO, ITEM, NO_CALL, PING, PREFACE, REPLY } from '../src/link/frames.ts';
import { DEFAULT_LIMITS, helloOf } from '../src/link/hello.ts';
import { streamOver } from '../src/link/outgoing-stream.ts';
import { OutgoingUnary } from '../src/link/outgoing-unary.ts';
import { frame } from '../src/link/testing/raw-link.ts';
import { LinkViolation } from '../src/link/violation.ts';
import { chunksOf, framesIn, type Record, scriptOf } from './link-script.ts';
import { MemorySocket } from './memory-socket.ts';

export const name = 'link-client';

const fuzzed = contract('fuzz.v1', {
  ask: { input: z.unknown(), output: z.unknown() },
  count: { input: z.unknown(), output: z.unknown(), stream: true },
});
/** What its calls have, and what none has. */
const CALLS = [0, 1, 2, 3, 65_536, 0xffff_ffff];
/** As many items are as good as more. */
const MANY = 3;
const LIMITS = { ...DEFAULT_LIMITS, maxPayloadBytes: 200, windowBytes: 60 };
const HELLO_FRAME = frame(HELLO, NO_CALL, JSON.stringify(helloOf('peer', DEFAULT_LIMITS)));

export function seeds(): Uint8Array[] {
  const error = JSON.stringify(new GoblinError('NOT_FOUND', { data: { what: 1 } }));
  const item: Record = { type: ITEM, number: 2, body: '{"n":1}' };
  const scripts: Record[][] = [
    [
      { type: REPLY, number: 0, body: '{"text":"x"}' },
      { type: ERROR, number: 1, body: error },
    ],
    [item, item, { type: END, number: 2, body: '' }],
    [
      { type: PING, number: 1, body: '' },
      { type: DRAIN, number: 0, body: '' },
      { type: REPLY, number: 0, body: '' },
    ],
    [item, { type: ERROR, number: 2, body: error }, { type: BREAK, number: 0, body: error }],
  ];
  return scripts.map(scriptOf);
}

export async function run(script: Uint8Array): Promise<string> {
  const socket = new MemorySocket();
  const ends: (Error | undefined)[] = [];
  const link = new ClientLink(socket.asSocket(), {
    address: 'peer',
    instance: 'fuzzed',
    limits: LIMITS,
    onEnd: (_, reason) => ends.push(reason),
  });
  const outcomes = [ask(link), ask(link), count(link)];
  socket.receive(HELLO_FRAME);
  for (const chunk of chunksOf(script, CALLS)) {
    socket.receive(chunk);
    if (ends.length > 0) break;
  }
  socket.cut();
  const settled = await Promise.all(outcomes);
  if (ends.length !== 1) throw new Error(`it ended ${ends.length} times`);
  const [reason] = ends;
  if (reason instanceof GoblinError && reason.code === 'INTERNAL' && reason.cause) throw reason.cause;
  framesIn(socket.written, PREFACE);
  const why =
    reason instanceof LinkViolation ? reason.message.replace(/\d+/g, '') : (reason?.name ?? 'closed');
  return `${settled.join(' ')} ${why}`;
}

function callOf(procedure: Procedure): Call & { context: typeof rootContext } {
  return { procedure, input: {}, context: { ...rootContext, cancellation: new Cancellation() } };
}

function ask(link: ClientLink): Promise<string> {
  const call = callOf(fuzzed.procedures.ask);
  let times = 0;
  return new Promise((resolve, reject) => {
    const settle = (outcome: string): void => {
      if (++times > 1) reject(new Error('a call settled twice'));
      resolve(outcome);
    };
    const outcome = { succeeded: () => settle('ok'), failed: (error: unknown) => settle(codeOf(error)) };
    new OutgoingUnary(link, call, call.context, outcome).begin();
  });
}

async function count(link: ClientLink): Promise<string> {
  const call = callOf(fuzzed.procedures.count);
  let items = 0;
  try {
    for await (const _ of await streamOver(() => link, call, call.context)) items++;
    return `${Math.min(items, MANY)}`;
  } catch (error) {
    return `${Math.min(items, MANY)} ${codeOf(error)}`;
  }
}

/** The peer chooses codes, so that there is no end of them. */
function codeOf(error: unknown): string {
  if (!(error instanceof GoblinError)) throw error;
  return ['CONNECTION_FAILED', 'BAD_ANSWER', 'UNAVAILABLE', 'NOT_FOUND'].includes(error.code)
    ? error.code
    : 'other';
}
