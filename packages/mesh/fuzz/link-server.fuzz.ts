/** The answering end of a link, told whatever a caller could make up after a good greeting: it answers each call once, or
 * breaks off with what was wrong, and leaves nothing running. The input is a script (link-script.ts). */
import { setImmediate } from 'node:timers/promises';
import { contract, procedureService, testTelemetry } from '@goblin/core';
import { z } from 'zod';
import {
  BREAK,
  CALL,
  CANCEL,
  END,
  ERROR,
  HELLO,
  METHOD,
  PING,
  PREFACE,
  REPLY,
  WINDOW,
} from '../src/link/frames.ts';
import { DEFAULT_LIMITS } from '../src/link/hello.ts';
import { linkServer } from '../src/link/link-server.ts';
import { callBody, hello } from '../src/link/testing/raw-link.ts';
import { metric } from '../src/link/testing/serve-links.ts';
import { chunksOf, framesIn, type Record, type SentFrame, scriptOf } from './link-script.ts';
import { MemorySocket } from './memory-socket.ts';

export const name = 'link-server';

const fuzzed = contract('fuzz.v1', {
  echo: { input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) },
  later: { input: z.undefined(), output: z.undefined() },
  hang: { input: z.unknown(), output: z.null() },
  count: { input: z.object({ to: z.number().max(20) }), output: z.number(), stream: true },
});
const METHODS = ['echo', 'later', 'hang', 'count', 'unknown'];
const CALLS = [0, 1, 2, 3, 65_536, 65_537, 16_383, 16_384, 0xffff_ffff];
const LIMITS = { ...DEFAULT_LIMITS, maxPayloadBytes: 200, maxCalls: 4, maxStreams: 2, windowBytes: 32 };
const ANSWERS: ReadonlySet<number> = new Set([REPLY, ERROR, END]);
/** Head, method and flags. */
const MIN_CALL_BYTES = 12;
const GREETING = Buffer.concat([PREFACE, hello({ maxPayloadBytes: 300, windowBytes: 64 })]);
/** A stream that was cut ends within so many turns of the event loop. */
const MAX_TURNS = 20;

const telemetry = testTelemetry();
let counting = 0;
const hanging: (() => void)[] = [];
const procedures = procedureService(
  fuzzed,
  {
    echo: ({ text }) => ({ text }),
    later: async () => undefined,
    hang: () => new Promise<null>((resolve) => hanging.push(() => resolve(null))),
    async *count({ to }) {
      counting++;
      try {
        for (let n = 0; n < to; n++) yield n;
      } finally {
        counting--;
      }
    },
  },
  telemetry,
);
const links = linkServer({ services: [{ contract: fuzzed, procedures }], telemetry, limits: LIMITS });

export function seeds(): Uint8Array[] {
  const methods: Record[] = METHODS.map((method, number) => ({
    type: METHOD,
    number,
    body: `/fuzz.v1/${method}`,
  }));
  const call = (number: number, method: number, input: string): Record => ({
    type: CALL,
    number,
    body: callBody(input, method),
  });
  return [
    [call(0, 0, '{"text":"x"}'), call(0, 0, '{"text":7}'), call(1, 4, '')],
    [call(0, 1, ''), call(1, 2, '{}'), { type: CANCEL, number: 1, body: '' }],
    [
      call(0, 3, '{"to":3}'),
      { type: WINDOW, number: 0, body: Buffer.from([0, 0, 1, 0]) },
      call(1, 3, '{"to":1}'),
    ],
    [
      { type: PING, number: 3, body: '' },
      { type: CALL, number: 2, body: callBody('{}', 2, 1, '000003e8') },
    ],
  ].map((records) => scriptOf([...methods, ...records]));
}

export async function run(script: Uint8Array): Promise<string> {
  const socket = new MemorySocket();
  links.accept(socket.asSocket());
  socket.receive(GREETING);
  const chunks = chunksOf(script, CALLS);
  for (const chunk of chunks) socket.receive(chunk);
  await setImmediate();
  socket.cut();
  for (const answer of hanging.splice(0)) answer();
  for (let turn = 0; counting > 0; turn++) {
    if (turn > MAX_TURNS) throw new Error(`${counting} streams are made for nobody`);
    await setImmediate();
  }
  if (metric(telemetry, 'link_open', 'server') > 0) throw new Error('the link is still open');
  const frames = framesIn(socket.written);
  const answered = frames.filter(({ type }) => ANSWERS.has(type)).length;
  const asked = chunks.reduce((sum, chunk) => sum + chunk.length, 0) / MIN_CALL_BYTES;
  if (answered > asked) throw new Error(`${answered} answers to no more than ${asked} calls`);
  return outcomeOf(frames);
}

/** What kinds of frames were sent, with codes and the reason of a break. A link that broke off for a reason of ours
 * rather than the caller's says INTERNAL. */
function outcomeOf(frames: readonly SentFrame[]): string {
  if (frames.length > 0 && frames[0]!.type !== HELLO) throw new Error('it did not greet');
  const kinds = new Set<string>();
  for (const { type, body } of frames) {
    if (type !== ERROR && type !== BREAK) kinds.add(`${type}`);
    else {
      const { code, message } = JSON.parse(body) as { code: string; message: string };
      if (code === 'INTERNAL') throw new Error(`it told the caller of an error of its own: ${body}`);
      kinds.add(type === ERROR ? code : message.replace(/\d+/g, ''));
    }
  }
  const broke = frames.findIndex(({ type }) => type === BREAK);
  if (broke >= 0 && broke < frames.length - 1) throw new Error('it went on after it had broken off');
  return [...kinds].sort().join(' ');
}
