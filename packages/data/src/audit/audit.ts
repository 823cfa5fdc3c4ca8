/** The audit trail: who did what to what, before and after, when, from where and why. An entry is written in the
 * caller's transaction, so there is one if and only if what it tells of has happened; the database lets nobody
 * change or delete it, and verify.ts finds where somebody did it all the same.
 *
 * Actor, tenant, request id and trace are those of the context; the client's address is its baggage `client.address`, which the
 * edge sets. Values of fields that are named like secrets are hidden, as they are in the log.
 *
 * Writing an entry is one insert and waits for nobody: its place in the chain it gets later (chain.ts). */
import { context, GoblinError, isSensitiveKey } from '@goblin/core';
import { sql } from '../database/sql.ts';
import type { Transaction } from '../database/transaction.ts';
import { canonicalJson } from './canonical-json.ts';
import { wakeChainer } from './chainer.ts';

/** Of `before` and `after` together, as JSON. */
export const MAX_AUDIT_BYTES = 262_144;
/** Of every other text, in characters. */
export const MAX_AUDIT_TEXT = 4_096;

const ACTION = /^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$/;
const HIDDEN = '[redacted]';
/** In baggage, as OpenTelemetry names it. */
const CLIENT_ADDRESS = 'client.address';

export interface AuditRecord {
  /** What was done: `payment.refunded`. */
  readonly action: string;
  /** To what. */
  readonly subject: { readonly type: string; readonly id: string };
  /** What it was like, where it was there before; plain data. */
  readonly before?: unknown;
  /** What it is like now, where it is there still; plain data. */
  readonly after?: unknown;
  /** Why, in the words of who did it. */
  readonly reason?: string;
}

/** Adds an entry to the audit trail, with the transaction or not at all.
 * @example await audit(tx, { action: 'payment.refunded', subject: { type: 'payment', id }, before, after, reason });
 * @throws INVALID_INPUT, PAYLOAD_TOO_LARGE above 256 kB, and what a statement throws */
export async function audit(tx: Transaction, record: AuditRecord): Promise<void> {
  const { action, subject, reason } = record;
  if (!ACTION.test(action)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(action)} is no action of an audit trail: write <subject>.<verb>, such as payment.refunded`,
    });
  }
  const before = json('before', record.before);
  const after = json('after', record.after);
  checkSize(action, before, after);
  const { actor, tenant, requestId, trace, baggage } = context.current;
  const texts = [action, subject.type, subject.id, actor, tenant, reason, baggage?.get(CLIENT_ADDRESS)];
  for (const text of texts) checkText(text);
  await tx.query(sql`
    insert into goblin.audit_entry
      (action, subject_type, subject_id, before, after, reason, actor, tenant, trace_id, request_id, address)
    values (${action}, ${subject.type}, ${subject.id}, ${before}, ${after}, ${reason}, ${actor}, ${tenant},
            ${trace?.traceId}, ${requestId}, ${baggage?.get(CLIENT_ADDRESS)})`);
  tx.afterCommit(() => wakeChainer(tx.database));
}

/** Undefined where there is no value, and `null` where it is null. @throws INVALID_INPUT */
function json(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    const text = JSON.stringify(value, (key, inner) =>
      isSensitiveKey(key) && inner !== undefined ? HIDDEN : inner,
    );
    return canonicalJson(JSON.parse(text));
  } catch (cause) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${name} of an audit entry has to be plain data: ${(cause as Error).message}`,
      cause,
    });
  }
}

function checkSize(action: string, before = '', after = ''): void {
  const size = Buffer.byteLength(before) + Buffer.byteLength(after);
  if (size <= MAX_AUDIT_BYTES) return;
  throw new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `before and after of ${action} have ${size} bytes, and ${MAX_AUDIT_BYTES} at most are allowed: name what changed only`,
  });
}

function checkText(text: string | undefined): void {
  if (text === undefined || (text.length <= MAX_AUDIT_TEXT && text.isWellFormed() && !text.includes('\0')))
    return;
  throw new GoblinError('INVALID_INPUT', {
    message: `a text of an audit entry has at most ${MAX_AUDIT_TEXT} characters, and no NUL or half a surrogate pair among them: ${JSON.stringify(text.slice(0, 40))}`,
  });
}
