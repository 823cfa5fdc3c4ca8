/** What a call's context rarely holds, as a list: for each value its key, its length and its UTF-8. An end passes over
 * keys that it does not know, so that new ones can be added. */
import {
  type ContextValues,
  formatBaggage,
  formatTraceparent,
  GoblinError,
  parseBaggage,
  parsePriority,
  parseTrace,
  type TraceContext,
} from '@goblin/core';
import { REQUEST_ID } from '../http/context-headers.ts';
import { MAX_ATTRIBUTES_BYTES, readUint16, writeUint16 } from './frames.ts';
import { LinkViolation } from './violation.ts';

const TRACESTATE = 1;
const BAGGAGE = 2;
const TENANT = 3;
const ACTOR = 4;
const REQUEST_ID_KEY = 5;
const PRIORITY = 6;

/** Of the whole list, before it. */
const LENGTH_BYTES = 2;
/** Key and length before each value. */
const ENTRY_HEAD_BYTES = 3;

export interface Attributes
  extends Pick<ContextValues, 'baggage' | 'tenant' | 'actor' | 'requestId' | 'priority'> {
  /** `tracestate`. */
  readonly state: string | undefined;
}

export const NO_ATTRIBUTES: Attributes = {
  state: undefined,
  baggage: undefined,
  tenant: undefined,
  actor: undefined,
  requestId: undefined,
  priority: 'user',
};

/** The list with its length; undefined when there is nothing to say. @throws HEADERS_TOO_LARGE */
export function encodeAttributes(values: ContextValues): Buffer | undefined {
  const { trace, baggage, tenant, actor, requestId, priority } = values;
  if (
    !trace?.state &&
    !baggage &&
    tenant === undefined &&
    actor === undefined &&
    requestId === undefined &&
    priority === 'user'
  )
    return undefined;
  const parts: Buffer[] = [Buffer.alloc(LENGTH_BYTES)];
  let length = 0;
  function add(key: number, value: string | undefined): void {
    if (value === undefined) return;
    const text = Buffer.from(value);
    length += ENTRY_HEAD_BYTES + text.length;
    if (length > MAX_ATTRIBUTES_BYTES) throw tooLarge();
    const head = Buffer.alloc(ENTRY_HEAD_BYTES, key);
    writeUint16(head, 1, text.length);
    parts.push(head, text);
  }
  add(TRACESTATE, trace?.state);
  add(BAGGAGE, formatBaggage(baggage));
  add(TENANT, tenant);
  add(ACTOR, actor);
  add(REQUEST_ID_KEY, requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : undefined);
  add(PRIORITY, priority === 'user' ? undefined : priority);
  writeUint16(parts[0]!, 0, length);
  return Buffer.concat(parts);
}

function tooLarge(): GoblinError {
  return new GoblinError('HEADERS_TOO_LARGE', {
    message: `tenant, actor, baggage and trace state of a call are longer than ${MAX_ATTRIBUTES_BYTES} bytes`,
  });
}

/** How many bytes a list that begins at `at` takes. */
export function attributesLength(bytes: Buffer, at: number): number {
  return LENGTH_BYTES + readUint16(bytes, at);
}

/** Reads the list that begins at `at` and was seen to lie within its frame. What is malformed in trace state, baggage
 * or request id is left out, as their specifications ask. @throws LinkViolation */
export function readAttributes(bytes: Buffer, at: number, trace: TraceContext | undefined): Attributes {
  const found: { -readonly [Key in keyof Attributes]: Attributes[Key] } = { ...NO_ATTRIBUTES };
  const end = at + attributesLength(bytes, at);
  for (let next = at + LENGTH_BYTES; next < end; ) {
    const start = next + ENTRY_HEAD_BYTES;
    const length = start <= end ? readUint16(bytes, next + 1) : 0;
    if (start + length > end) throw new LinkViolation('an attribute of a call goes beyond their list');
    const value = bytes.toString('utf8', start, start + length);
    const key = bytes[next];
    if (key === TRACESTATE) found.state = trace && parseTrace(formatTraceparent(trace), value)?.state;
    else if (key === BAGGAGE) found.baggage = parseBaggage(value);
    else if (key === TENANT) found.tenant = value;
    else if (key === ACTOR) found.actor = value;
    else if (key === REQUEST_ID_KEY && REQUEST_ID.test(value)) found.requestId = value;
    else if (key === PRIORITY) found.priority = parsePriority(value);
    next = start + length;
  }
  return found;
}
