/** An event is a fact told to whoever listens, now or later. Publishing writes it in the caller's transaction, so it
 * is told if and only if what it tells has happened. */
import { context, formatTraceparent, GoblinError, parse, type Schema, type SchemaInput } from '@goblin/core';
import type { Transaction } from '../database/transaction.ts';
import { announce } from './announcements.ts';
import { checkUpgrades, type Upgrades } from './payload-version.ts';

/** A payload as JSON, at most; what is larger belongs into a table or a store, and its key into the event. */
export const MAX_PAYLOAD_BYTES = 262_144;
/** Characters of a key, at most. */
export const MAX_EVENT_KEY = 512;

const TYPE = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+(\.v\d+)?$/;

export interface EventOptions {
  /** Of the payload's form; 1, 2, 3 … Default 1. */
  readonly version?: number;
  /** How a payload of an older version becomes one of the next: `{ 1: (old) => … }`. Versions that are no longer kept (30 days)
   * can be left out, from 1 on. */
  readonly upgrade?: Upgrades;
}

export interface PublishOptions {
  /** What it is about: events of one key are handled in order, also where a group works in parallel. 512 characters at most. */
  readonly key?: string;
}

export interface EventDefinition<S extends Schema = Schema> {
  /** `payments.settled` */
  readonly type: string;
  readonly schema: S;
  readonly version: number;
  readonly upgrade: Upgrades;
  /** Tells it with the transaction: when that is rolled back, nothing was said.
   * @example await settled.publish(tx, payment, { key: payment.id });
   * @throws INVALID_INPUT when the payload does not fit the schema or the key is empty or too long,
   * PAYLOAD_TOO_LARGE above 256 kB */
  publish(tx: Transaction, payload: SchemaInput<S>, options?: PublishOptions): Promise<void>;
}

/** @example export const settled = event('payments.settled', z.object({ payment: z.string() }));
 * @throws INVALID_INPUT when the name is not of the form `<service>.<fact>`, or an upgrade is missing */
export function event<S extends Schema>(
  type: string,
  schema: S,
  { version = 1, upgrade = {} }: EventOptions = {},
): EventDefinition<S> {
  if (!TYPE.test(type)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(type)} is not the name of an event: write <service>.<fact>, such as payments.settled`,
    });
  }
  checkUpgrades(type, version, upgrade);
  return {
    type,
    schema,
    version,
    upgrade,
    async publish(tx, payload, { key } = {}) {
      await parse(schema, payload, 'INVALID_INPUT', `the event ${type}`);
      checkKey(type, key);
      const { trace, tenant } = context.current;
      await tx.query(
        'insert into goblin.event (type, version, key, payload, tenant, traceparent) values ($1, $2, $3, $4, $5, $6)',
        [
          type,
          version,
          key ?? null,
          jsonOf(type, payload),
          tenant ?? null,
          trace ? formatTraceparent(trace) : null,
        ],
      );
      tx.afterCommit(() => announce(tx.database, type));
    },
  };
}

function checkKey(type: string, key: string | undefined): void {
  if (key === undefined || (key.length > 0 && key.length <= MAX_EVENT_KEY)) return;
  throw new GoblinError('INVALID_INPUT', {
    message: `the key of the event ${type} has ${key.length} characters, and 1 to ${MAX_EVENT_KEY} are allowed`,
  });
}

function jsonOf(type: string, payload: unknown): string {
  const json = JSON.stringify(payload);
  const size = Buffer.byteLength(json);
  if (size <= MAX_PAYLOAD_BYTES) return json;
  throw new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `the event ${type} has ${size} bytes, and ${MAX_PAYLOAD_BYTES} at most are allowed: put the data into a table and its key into the event`,
  });
}
