/** An event is a fact told to whoever listens, now or later. Publishing writes it in the caller's transaction, so it
 * is told if and only if what it tells has happened. */
import { context, formatTraceparent, GoblinError, parse, type Schema, type SchemaInput } from '@goblin/core';
import type { Transaction } from '../database/transaction.ts';
import { announce } from './announcements.ts';

/** A payload as JSON, at most; what is larger belongs into a table or a store, and its key into the event. */
export const MAX_PAYLOAD_BYTES = 262_144;

const TYPE = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+\.v\d+$/;

export interface EventDefinition<S extends Schema = Schema> {
  /** `payments.settled.v1` */
  readonly type: string;
  readonly schema: S;
  /** Tells it with the transaction: when that is rolled back, nothing was said.
   * @throws INVALID_INPUT when the payload does not fit the schema, PAYLOAD_TOO_LARGE above 256 kB */
  publish(tx: Transaction, payload: SchemaInput<S>): Promise<void>;
}

/** @example export const settled = event('payments.settled.v1', z.object({ payment: z.string() }));
 * @throws INVALID_INPUT when the name is not of the form `<service>.<fact>.v<number>` */
export function event<S extends Schema>(type: string, schema: S): EventDefinition<S> {
  if (!TYPE.test(type)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(type)} is not the name of an event: write <service>.<fact>.v<number>, such as payments.settled.v1`,
    });
  }
  return {
    type,
    schema,
    async publish(tx, payload) {
      await parse(schema, payload, 'INVALID_INPUT', `the event ${type}`);
      const json = JSON.stringify(payload);
      const size = Buffer.byteLength(json);
      if (size > MAX_PAYLOAD_BYTES) {
        throw new GoblinError('PAYLOAD_TOO_LARGE', {
          message: `the event ${type} has ${size} bytes, and ${MAX_PAYLOAD_BYTES} at most are allowed: put the data into a table and its key into the event`,
        });
      }
      const { trace, tenant } = context.current;
      await tx.query(
        'insert into goblin.event (type, payload, tenant, traceparent) values ($1, $2, $3, $4)',
        [type, json, tenant ?? null, trace ? formatTraceparent(trace) : null],
      );
      tx.afterCommit(() => announce(tx.database, type));
    },
  };
}
