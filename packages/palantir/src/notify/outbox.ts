/** What is to be delivered, in the state database: a row per message and notifier, written in the transaction of what is told. A row
 * waits until the receiver has taken it (`sent`) or it is given up (`dead`); both are kept for a while to be looked at. The key
 * of a message stands once per notifier, however often it is told. */
import { randomUUID } from 'node:crypto';
import type { StateDatabase } from '../state/state-database.ts';
import type { Message } from './message.ts';

const SENT_KEPT_MS = 7 * 86_400_000;
const DEAD_KEPT_MS = 30 * 86_400_000;
const THREADS_KEPT_MS = 90 * 86_400_000;
const MAX_ERROR = 500;

const STEPS = [
  `CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, notifier TEXT NOT NULL, key TEXT NOT NULL, thread TEXT NOT NULL, message TEXT NOT NULL,
    stand_ins TEXT NOT NULL, is_handed_on INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting',
    attempts INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL, failed_ms INTEGER, ended_ms INTEGER,
    error TEXT, is_fold INTEGER NOT NULL DEFAULT 0, UNIQUE (notifier, key)
  ) STRICT;
  CREATE INDEX delivery_waiting ON delivery (notifier, id) WHERE state = 'waiting';
  CREATE INDEX delivery_thread ON delivery (thread);
  CREATE INDEX delivery_ended ON delivery (state, ended_ms);
  CREATE TABLE delivery_thread_reference (
    notifier TEXT NOT NULL, thread TEXT NOT NULL, reference TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (notifier, thread)
  ) STRICT;
  CREATE TABLE installation (id TEXT NOT NULL) STRICT`,
  'ALTER TABLE delivery ADD COLUMN begun_ms INTEGER',
];

/** One message for one notifier. */
export interface Delivery {
  readonly id: number;
  readonly notifier: string;
  readonly message: Message;
  /** Who is told in its place, in this order. */
  readonly standIns: readonly string[];
  /** Whether the first of them was told already. */
  readonly isHandedOn: boolean;
  readonly attempts: number;
  readonly createdMs: number;
  readonly nextMs: number;
  /** When it was tried first, by whichever process. */
  readonly begunMs?: number;
  /** When it failed first. */
  readonly failedMs?: number;
}

export interface DeadDelivery {
  readonly notifier: string;
  readonly title: string;
  readonly createdMs: number;
  readonly endedMs: number;
  readonly error: string;
}

export interface Counts {
  readonly waiting: number;
  readonly dead: number;
  readonly lastSentMs?: number;
}

export interface Outbox {
  /** Of this state database, at random: keys are unique among all Palantirs by it. */
  readonly installation: string;
  /** @returns whether it is new to this notifier */
  add(
    notifier: string,
    message: Message,
    standIns: readonly string[],
    nowMs: number,
    isFold?: boolean,
  ): boolean;
  has(notifier: string, key: string): boolean;
  first(notifier: string): Delivery | undefined;
  waiting(notifier: string): readonly Delivery[];
  /** The waiting delivery that stands for what there is no room for. */
  fold(notifier: string): Delivery | undefined;
  replace(id: number, message: Message): void;
  /** It is about to be tried: written down before, because who tries may be killed. */
  begin(id: number, nowMs: number): void;
  sent(delivery: Delivery, reference: string | undefined, nowMs: number): void;
  failed(id: number, error: string, nextMs: number, nowMs: number): void;
  dead(id: number, error: string, nowMs: number): void;
  handedOn(id: number): void;
  /** Names of all that something waits for. */
  names(): readonly string[];
  /** Who was told of a thread, or is to be. */
  toldOf(thread: string): readonly string[];
  reference(notifier: string, thread: string): string | undefined;
  backlog(notifier: string): number;
  counts(notifier: string): Counts;
  deadOnes(limit: number): readonly DeadDelivery[];
  /** Takes out what has been kept long enough. */
  prune(nowMs: number): void;
}

interface Row {
  readonly id: number;
  readonly notifier: string;
  readonly message: string;
  readonly stand_ins: string;
  readonly is_handed_on: number;
  readonly attempts: number;
  readonly created_ms: number;
  readonly next_ms: number;
  readonly begun_ms: number | null;
  readonly failed_ms: number | null;
}

export function openOutbox(state: StateDatabase): Outbox {
  state.migrate('notify', STEPS);
  const { db } = state;
  const installation = state.transaction(() => {
    const known = db.prepare('SELECT id FROM installation').get();
    if (known) return String(known.id);
    const id = randomUUID().slice(0, 8);
    db.prepare('INSERT INTO installation (id) VALUES (?)').run(id);
    return id;
  });
  const insert =
    db.prepare(`INSERT OR IGNORE INTO delivery (notifier, key, thread, message, stand_ins, created_ms, next_ms, is_fold)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const known = db.prepare('SELECT 1 FROM delivery WHERE notifier = ? AND key = ?');
  const select = "SELECT * FROM delivery WHERE state = 'waiting' AND notifier = ?";
  const first = db.prepare(`${select} ORDER BY id LIMIT 1`);
  const waiting = db.prepare(`${select} ORDER BY id`);
  const fold = db.prepare(`${select} AND is_fold = 1 ORDER BY id DESC LIMIT 1`);
  const replace = db.prepare('UPDATE delivery SET message = ?, key = ? WHERE id = ?');
  const begin = db.prepare('UPDATE delivery SET begun_ms = coalesce(begun_ms, ?) WHERE id = ?');
  const end = db.prepare(
    'UPDATE delivery SET state = ?, ended_ms = ?, error = ?, attempts = attempts + 1 WHERE id = ?',
  );
  const fail =
    db.prepare(`UPDATE delivery SET attempts = attempts + 1, error = ?, next_ms = ?, failed_ms = coalesce(failed_ms, ?)
    WHERE id = ?`);
  const handOn = db.prepare('UPDATE delivery SET is_handed_on = 1 WHERE id = ?');
  const names = db.prepare("SELECT DISTINCT notifier FROM delivery WHERE state = 'waiting'");
  const toldOf = db.prepare('SELECT DISTINCT notifier FROM delivery WHERE thread = ?');
  const refer = db.prepare('INSERT OR REPLACE INTO delivery_thread_reference VALUES (?, ?, ?, ?)');
  const reference = db.prepare(
    'SELECT reference FROM delivery_thread_reference WHERE notifier = ? AND thread = ?',
  );
  const backlog = db.prepare(
    "SELECT count(*) AS count FROM delivery WHERE state = 'waiting' AND notifier = ?",
  );
  const counts = db.prepare(`SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,
    count(*) FILTER (WHERE state = 'dead') AS dead, max(ended_ms) FILTER (WHERE state = 'sent') AS last_sent_ms
    FROM delivery WHERE notifier = ?`);
  const dead = db.prepare("SELECT * FROM delivery WHERE state = 'dead' ORDER BY ended_ms DESC LIMIT ?");
  const forget = db.prepare('DELETE FROM delivery WHERE state = ? AND ended_ms < ?');
  const forgetThreads = db.prepare('DELETE FROM delivery_thread_reference WHERE at_ms < ?');

  return {
    installation,
    add(notifier, message, standIns, nowMs, isFold = false) {
      const { key, thread } = message;
      const stamp = Math.round(nowMs);
      const row = [JSON.stringify(message), JSON.stringify(standIns), stamp, stamp, Number(isFold)] as const;
      return insert.run(notifier, key, thread, ...row).changes > 0;
    },
    has: (notifier, key) => known.get(notifier, key) !== undefined,
    first: (notifier) => deliveryOf(first.get(notifier)),
    waiting: (notifier) => waiting.all(notifier).map((row) => deliveryOf(row)!),
    fold: (notifier) => deliveryOf(fold.get(notifier)),
    replace: (id, message) => void replace.run(JSON.stringify(message), message.key, id),
    begin: (id, nowMs) => void begin.run(Math.round(nowMs), id),
    sent({ id, notifier, message }, receipt, nowMs) {
      state.transaction(() => {
        end.run('sent', Math.round(nowMs), null, id);
        if (receipt !== undefined) refer.run(notifier, message.thread, receipt, Math.round(nowMs));
      });
    },
    failed: (id, error, nextMs, nowMs) =>
      void fail.run(error.slice(0, MAX_ERROR), Math.round(nextMs), Math.round(nowMs), id),
    dead: (id, error, nowMs) => void end.run('dead', Math.round(nowMs), error.slice(0, MAX_ERROR), id),
    handedOn: (id) => void handOn.run(id),
    names: () => names.all().map(({ notifier }) => String(notifier)),
    toldOf: (thread) => toldOf.all(thread).map(({ notifier }) => String(notifier)),
    reference(notifier, thread) {
      const row = reference.get(notifier, thread);
      return row === undefined ? undefined : String(row.reference);
    },
    backlog: (notifier) => Number(backlog.get(notifier)!.count),
    counts(notifier) {
      const row = counts.get(notifier)!;
      const lastSentMs = row.last_sent_ms;
      return {
        waiting: Number(row.waiting),
        dead: Number(row.dead),
        ...(lastSentMs !== null && { lastSentMs: Number(lastSentMs) }),
      };
    },
    deadOnes: (limit) =>
      dead.all(limit).map((row) => ({
        notifier: String(row.notifier),
        title: (JSON.parse(String(row.message)) as Message).title,
        createdMs: Number(row.created_ms),
        endedMs: Number(row.ended_ms),
        error: String(row.error),
      })),
    prune(nowMs) {
      forget.run('sent', Math.round(nowMs - SENT_KEPT_MS));
      forget.run('dead', Math.round(nowMs - DEAD_KEPT_MS));
      forgetThreads.run(Math.round(nowMs - THREADS_KEPT_MS));
    },
  };
}

function deliveryOf(value: unknown): Delivery | undefined {
  if (value === undefined) return undefined;
  const row = value as Row;
  return {
    id: row.id,
    notifier: row.notifier,
    message: JSON.parse(row.message) as Message,
    standIns: JSON.parse(row.stand_ins) as string[],
    isHandedOn: row.is_handed_on === 1,
    attempts: row.attempts,
    createdMs: row.created_ms,
    nextMs: row.next_ms,
    ...(row.begun_ms !== null && { begunMs: row.begun_ms }),
    ...(row.failed_ms !== null && { failedMs: row.failed_ms }),
  };
}
