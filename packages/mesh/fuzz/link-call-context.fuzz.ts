/** The context of a call as bytes: refused as a breach of the protocol, or read without leaving its frame, and what was read
 * is read the same when it is sent on. The first byte are the flags. */
import { isDeepStrictEqual } from 'node:util';
import { Cancellation, type ContextValues, GoblinError, rootContext } from '@goblin/core';
import { encodeAttributes } from '../src/link/call-attributes.ts';
import { contextLength, FIXED_BYTES, flagsOf, readContext, writeContext } from '../src/link/call-context.ts';
import { LinkViolation } from '../src/link/violation.ts';

export const name = 'link-call-context';

const NOW = 1_000;
const ALLOWED_MS = 700;

const FULL: ContextValues = {
  ...rootContext,
  deadline: NOW + 250,
  trace: {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: '00f067aa0ba902b7',
    sampled: true,
    state: 'v=1',
  },
  baggage: new Map([['basket', 'two words, ü']]),
  tenant: 'Zürich AG',
  actor: 'user:7',
  requestId: 'request-1',
};

export function seeds(): Uint8Array[] {
  const { deadline, tenant, trace } = FULL;
  return [
    rootContext,
    FULL,
    { ...rootContext, deadline },
    { ...rootContext, tenant },
    { ...rootContext, trace },
  ].map(encode);
}

export function run(input: Uint8Array): string {
  let read: ContextValues;
  try {
    read = decode(input);
  } catch (error) {
    if (error instanceof LinkViolation) return error.message;
    throw error;
  }
  let sent: Uint8Array;
  try {
    sent = encode(read);
  } catch (error) {
    if (error instanceof GoblinError && error.code === 'HEADERS_TOO_LARGE') return error.code;
    throw error;
  }
  const again = decode(sent);
  if (!isDeepStrictEqual(plain(again), plain(read)))
    throw new Error(`${JSON.stringify(plain(read))} is sent on as ${JSON.stringify(plain(again))}`);
  return Object.entries(plain(read))
    .filter(([, value]) => value !== undefined)
    .map(([key]) => key)
    .join(' ');
}

function encode(values: ContextValues): Uint8Array {
  const attributes = encodeAttributes(values) ?? Buffer.alloc(0);
  const fixed = Buffer.alloc(FIXED_BYTES);
  const end = writeContext(fixed, 0, values, NOW);
  const flags = flagsOf(values, attributes.length > 0 ? attributes : undefined);
  return Buffer.concat([Buffer.from([flags]), fixed.subarray(0, end), attributes]);
}

function decode(input: Uint8Array): ContextValues {
  const flags = input[0] ?? 0;
  const bytes = Buffer.from(input.subarray(1));
  const length = contextLength(bytes, 0, bytes.length, flags);
  if (!(length <= bytes.length)) throw new Error(`${length} of ${bytes.length} bytes`);
  return readContext(bytes, 0, flags, new Cancellation(), NOW, ALLOWED_MS);
}

/** What is to be compared: traces are read when they are looked at, and a tenant that is no Unicode is sent as what is
 * shown of it. */
function plain({ cancellation: _, trace, baggage, ...rest }: ContextValues): Record<string, unknown> {
  const { traceId, spanId, sampled, state } = trace ?? {};
  return { ...rest, traceId, spanId, sampled, state, baggage: baggage && [...baggage] };
}
