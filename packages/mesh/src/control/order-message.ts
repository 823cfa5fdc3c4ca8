/** What goes through the control door, as JSON before it is sealed:
 *
 *     order    { goblin: 'order', sentAt, nonce, to: { instance, startedAt }, forMs, order, args, actor: { who, instance } }
 *     answer   { goblin: 'answer', nonce, result } or { goblin: 'answer', nonce, error: { code, message, data } }
 *
 * An order is for one instance and one start of it, so that a copy of it means nothing elsewhere or later. What is
 * sealed is from a member, but perhaps of another release or a broken one, so every field is checked. */
import { GoblinError } from '@goblin/core';

/** Where orders are taken. */
export const CONTROL_PATH = '/.goblin/control';
/** A sealed order is never larger. */
export const MAX_ORDER_BYTES = 65_536;
/** Nor is a sealed answer. */
export const MAX_ANSWER_BYTES = 4_194_304;

/** Printable, so that it is safe in logs. */
const WHO = /^[\x21-\x7e]{1,128}$/;
const NAME = /^[a-z][a-zA-Z0-9.-]{0,63}$/;
const INSTANCE = /^[\x21-\x7e]{1,128}$/;
const NONCE = /^[0-9a-f]{32}$/;

/** Who gives an order: the account as `user@host`, and the process it was given by. */
export interface Actor {
  readonly who: string;
  readonly instance: string;
}

/** One start of one process. */
export interface Recipient {
  readonly instance: string;
  /** Epoch ms. */
  readonly startedAt: number;
}

export interface Order {
  /** Epoch ms. */
  readonly sentAt: number;
  /** 16 random bytes in hex. */
  readonly nonce: string;
  readonly to: Recipient;
  /** How long its sender waits. */
  readonly forMs: number;
  /** Such as `faults.inject`. */
  readonly order: string;
  readonly args: unknown;
  readonly actor: Actor;
}

export type Answer = { readonly nonce: string } & (
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly error: GoblinError }
);

export function writeOrder(order: Order): Uint8Array {
  return Buffer.from(JSON.stringify({ goblin: 'order', ...order }));
}

/** The order in plain bytes; undefined when it is none. */
export function readOrder(plain: Uint8Array): Order | undefined {
  const it = objectIn(plain);
  const to = asObject(it?.to);
  const actor = asObject(it?.actor);
  if (it?.goblin !== 'order' || !to || !actor) return undefined;
  const { sentAt, nonce, forMs, order, args } = it;
  if (!isTime(sentAt) || !matches(nonce, NONCE) || !isTime(forMs) || !matches(order, NAME)) return undefined;
  if (!matches(to.instance, INSTANCE) || !isTime(to.startedAt)) return undefined;
  if (!matches(actor.who, WHO) || !matches(actor.instance, INSTANCE)) return undefined;
  return {
    sentAt,
    nonce,
    to: { instance: to.instance, startedAt: to.startedAt },
    forMs,
    order,
    args,
    actor: { who: actor.who, instance: actor.instance },
  };
}

/** @throws TypeError for a result that JSON cannot hold. */
export function writeAnswer(answer: Answer): Uint8Array {
  return Buffer.from(JSON.stringify({ goblin: 'answer', ...answer }));
}

/** The answer in plain bytes; undefined when it is none. */
export function readAnswer(plain: Uint8Array): Answer | undefined {
  const it = objectIn(plain);
  if (it?.goblin !== 'answer' || !matches(it.nonce, NONCE)) return undefined;
  const { nonce } = it;
  if (it.error === undefined) return { nonce, result: it.result };
  const error = asObject(it.error);
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') return undefined;
  const { code, message } = error;
  const data = asObject(error.data);
  return { nonce, error: new GoblinError(code, data ? { message, data } : { message }) };
}

function objectIn(plain: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(Buffer.from(plain.buffer, plain.byteOffset, plain.length).toString()));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
