/** Publishes what came from another site here: what it was, how far the stream was taken, and the events themselves in one transaction. */
import { formatTraceparent, GoblinError, parseTrace, type Schema, systemClock } from '@goblin/core';
import type { JsMsg } from '@nats-io/jetstream';
import type { Database } from '../database/database.ts';
import type { Transaction } from '../database/transaction.ts';
import { announce } from '../events/announcements.ts';
import type { EventDefinition } from '../events/event.ts';
import { currentPayload } from '../events/payload-version.ts';
import type { Hold, Mark } from './link.ts';
import { type Arrived, messageId, type Origin, readHeaders, readPayload } from './message.ts';
import type { ReceiveTelemetry } from './nats-telemetry.ts';

export interface Taking {
  readonly db: Database;
  readonly definition: EventDefinition<Schema>;
  /** Of which tenant the events must be; undefined: whichever. */
  readonly tenant: string | undefined;
  readonly telemetry: ReceiveTelemetry;
}

interface Parsed {
  readonly arrived: Arrived;
  readonly payload: unknown;
}

/** @throws what makes a message one that cannot be taken; those before it were not taken either. */
export async function takeMessages(
  work: Taking,
  hold: Hold,
  mark: Mark,
  messages: readonly JsMsg[],
): Promise<void> {
  const { db, definition, telemetry } = work;
  const parsed: Parsed[] = [];
  for (const message of messages) parsed.push(await parseOne(work, message));
  const to = { created: mark.created, sequence: messages.at(-1)!.seq };
  const fresh = await db.transaction(async (tx) => {
    if (!(await hold.move(tx, mark, to))) throw new Error('another process empties the stream');
    const unknown = await unknownOf(tx, parsed);
    if (unknown.length > 0) await publishAll(work, tx, unknown);
    tx.afterCommit(() => announce(db, definition.type));
    return unknown;
  });
  telemetry.received.add(fresh.length);
  telemetry.duplicates.add(parsed.length - fresh.length);
  for (const { arrived } of fresh)
    telemetry.delays.record(Math.max(0, systemClock.wall() - arrived.publishedMs) / 1_000);
}

/** Checked by the contract. An older version is checked as what it is upgraded to, and kept as it is. */
async function parseOne({ definition, tenant }: Taking, message: JsMsg): Promise<Parsed> {
  const arrived = readHeaders(message.headers);
  if (arrived.type !== definition.type) {
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `message ${message.seq} has the type ${arrived.type}`,
    });
  }
  if (tenant !== undefined && arrived.tenant !== tenant) {
    throw new GoblinError('FORBIDDEN', {
      message: `message ${message.seq} is of the tenant ${arrived.tenant ?? '(none)'}, and only ${tenant} may come by this stream`,
    });
  }
  const payload = readPayload(message.data);
  await currentPayload(definition, { id: arrived.event, version: arrived.version, payload });
  return { arrived, payload };
}

/** Those that were not received before, in their order. */
async function unknownOf(tx: Transaction, parsed: readonly Parsed[]): Promise<Parsed[]> {
  const rows = await tx.many<Origin>(
    `insert into goblin.event_received (site, event, published_ms)
     select * from unnest($1::uuid[], $2::bigint[], $3::bigint[])
     on conflict do nothing
     returning site, event, published_ms as "publishedMs"`,
    columns(parsed, ({ site, event, publishedMs }) => [site, event, publishedMs]),
  );
  const unknown = new Set(rows.map(messageId));
  // The same event may stand twice in what came.
  return parsed.filter(({ arrived }) => unknown.delete(messageId(arrived)));
}

/** With the tenant and under the trace that each was published with, as it was published: version and key too. */
async function publishAll(
  { db, definition }: Taking,
  tx: Transaction,
  parsed: readonly Parsed[],
): Promise<void> {
  const { type } = definition;
  const spans = parsed.map(({ arrived }) =>
    db.telemetry.tracer.start(`receive ${type}`, {
      kind: 'consumer',
      parent: parseTrace(arrived.traceparent) ?? null,
      attributes: { 'messaging.system': 'nats', 'messaging.message.id': messageId(arrived) },
    }),
  );
  try {
    await tx.query(
      `insert into goblin.event (type, version, key, tenant, payload, traceparent)
       select $1, version, key, tenant, payload, traceparent
       from unnest($2::integer[], $3::text[], $4::text[], $5::jsonb[], $6::text[])
         with ordinality as event (version, key, tenant, payload, traceparent, place)
       order by place`,
      [
        type,
        ...columns(parsed, ({ version, key, tenant }) => [version, key ?? null, tenant ?? null]),
        parsed.map(({ payload }) => JSON.stringify(payload)),
        spans.map((span) => formatTraceparent(span.context)),
      ],
    );
  } catch (error) {
    for (const span of spans) span.fail(error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

/** An array for each value. */
function columns(parsed: readonly Parsed[], values: (arrived: Arrived) => readonly unknown[]): unknown[][] {
  const rows = parsed.map(({ arrived }) => values(arrived));
  return rows[0]!.map((_, column) => rows.map((row) => row[column]));
}
