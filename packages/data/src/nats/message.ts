/** An event on its way: the payload as JSON, and what else is known of it as headers, by the binary mode of CloudEvents
 * (https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md), so that others can read it too.
 * What comes in was written by another site and is believed only as far as its form is right. */
import { formatTraceparent, GoblinError, type TraceContext } from '@goblin/core';
import type { MsgHdrs } from '@nats-io/nats-core';
import { MAX_EVENT_KEY, MAX_PAYLOAD_BYTES } from '../events/event.ts';
import type { EventRow } from '../events/event-cursor.ts';

/** Who an event is, everywhere: see platform/schema/0008_event_sites.sql. */
export interface Origin {
  /** The database that it was published in. */
  readonly site: string;
  readonly event: number;
  readonly publishedMs: number;
}

export interface Arrived extends Origin {
  /** Its transaction there. */
  readonly xid: string;
  readonly type: string;
  readonly version: number;
  readonly key: string | undefined;
  readonly tenant: string | undefined;
  readonly traceparent: string | undefined;
}

const MAX_TENANT_LENGTH = 256;
/** Of an integer in PostgreSQL. */
const MAX_VERSION = 2_147_483_647;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ID = /^(.{36})-(\d{1,16})-(\d{1,16})$/;
const XID = /^\d{1,20}$/;

export function originOf(site: string, row: EventRow): Origin {
  return { site, event: row.id, publishedMs: row.published_at.getTime() };
}

/** The same event has the same id, whoever sends it again. */
export function messageId({ site, event, publishedMs }: Origin): string {
  return `${site}-${event}-${publishedMs}`;
}

/** @param follows the sequence of the message that must be the last one of the stream */
export function writeHeaders(
  headers: MsgHdrs,
  type: string,
  origin: Origin,
  row: EventRow,
  trace: TraceContext,
  follows: number,
): MsgHdrs {
  const id = messageId(origin);
  headers.set('Nats-Msg-Id', id);
  headers.set('Nats-Expected-Last-Sequence', String(follows));
  headers.set('ce-specversion', '1.0');
  headers.set('ce-id', id);
  headers.set('ce-type', type);
  headers.set('ce-source', `/${encodeURIComponent(row.source)}`);
  headers.set('ce-time', row.published_at.toISOString());
  headers.set('content-type', 'application/json');
  headers.set('goblin-xid', row.xid);
  headers.set('traceparent', formatTraceparent(trace));
  headers.set('goblin-version', String(row.version));
  if (row.key !== null) headers.set('ce-partitionkey', encodeURIComponent(row.key));
  if (row.tenant !== null) headers.set('goblin-tenant', encodeURIComponent(row.tenant));
  return headers;
}

/** @throws MALFORMED_REQUEST */
export function readHeaders(headers: MsgHdrs | undefined): Arrived {
  const text = (name: string): string | undefined => headers?.get(name) || undefined;
  const [, site = '', event, publishedMs] = ID.exec(text('ce-id') ?? '') ?? [];
  const arrived: Arrived = {
    site,
    event: Number(event),
    publishedMs: Number(publishedMs),
    xid: text('goblin-xid') ?? '',
    type: text('ce-type') ?? '',
    version: Number(text('goblin-version') ?? 1),
    key: readText('key', text('ce-partitionkey'), MAX_EVENT_KEY),
    tenant: readText('tenant', text('goblin-tenant'), MAX_TENANT_LENGTH),
    traceparent: text('traceparent'),
  };
  const { version } = arrived;
  const isWhole = [arrived.event, arrived.publishedMs, version].every(Number.isSafeInteger);
  if (!UUID.test(site) || !isWhole || version < 1 || version > MAX_VERSION || !XID.test(arrived.xid))
    throw malformed('its headers are not those of a forwarded event');
  return arrived;
}

function readText(what: string, header: string | undefined, maxLength: number): string | undefined {
  if (header === undefined) return undefined;
  try {
    const text = decodeURIComponent(header);
    // PostgreSQL keeps no NUL in texts.
    if (text.length <= maxLength && !text.includes('\0')) return text;
  } catch {}
  throw malformed(`its ${what} is malformed`);
}

/** @throws MALFORMED_REQUEST, PAYLOAD_TOO_LARGE */
export function readPayload(data: Uint8Array): unknown {
  if (data.byteLength > MAX_PAYLOAD_BYTES) {
    throw new GoblinError('PAYLOAD_TOO_LARGE', {
      message: `the message cannot be taken: it has ${data.byteLength} bytes, and ${MAX_PAYLOAD_BYTES} at most are allowed`,
    });
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch (error) {
    throw malformed('its payload is not JSON', error);
  }
}

function malformed(what: string, cause?: unknown): GoblinError {
  return new GoblinError('MALFORMED_REQUEST', { message: `the message cannot be taken: ${what}`, cause });
}
