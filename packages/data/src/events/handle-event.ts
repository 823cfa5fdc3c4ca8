/** Hands one event to a handler: its payload in the current version, in the trace of its publication and for its tenant, within
 * HANDLER_TIMEOUT_MS. */
import { context, parseTrace, type Schema, type SchemaOutput, settleBy, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import type { EventDefinition } from './event.ts';
import type { EventRow } from './event-row.ts';
import { currentPayload } from './payload-version.ts';

const HANDLER_TIMEOUT_MS = 30_000;

export interface ReceivedEvent<Payload> {
  readonly id: number;
  readonly type: string;
  readonly key: string | undefined;
  readonly payload: Payload;
  readonly publishedAt: Date;
  /** The role that published it. */
  readonly source: string;
  readonly tenant: string | undefined;
}

export async function handleEvent<S extends Schema>(
  db: Database,
  definition: EventDefinition<S>,
  row: EventRow,
  handler: (event: ReceivedEvent<SchemaOutput<S>>) => Promise<void>,
): Promise<void> {
  const { type } = definition;
  const parent = parseTrace(row.traceparent);
  const span = db.telemetry.tracer.start(`consume ${type}`, { kind: 'consumer', parent: parent ?? null });
  try {
    await context.run({ trace: span.context, tenant: row.tenant ?? undefined }, async () => {
      const { id, key, source, published_at: publishedAt, tenant } = row;
      const payload = await currentPayload(definition, row);
      const received = {
        id,
        type,
        key: key ?? undefined,
        payload,
        publishedAt,
        source,
        tenant: tenant ?? undefined,
      };
      await settleBy(context.current, systemClock.now() + HANDLER_TIMEOUT_MS, () => handler(received));
    });
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}
