/** Chains the entries of a service in the background and signs where the chain stands. Every process of the service runs
 * one; they take turns. It is woken by entries of its own process, and looks for those of others each POLL_MS.
 *
 * So an entry is chained a moment after its commit, and signed for CHECKPOINT_MS later at the latest. Until then who can change the
 * database can change it unseen; that is the price of a trail that no commit waits for.
 *
 * The key and the folder are made when there is something to chain, so a service without an audit trail has none. */
import { Cancellation, GoblinError, sleep, systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import { type Bell, bell } from '../events/bell.ts';
import { auditTelemetry } from './audit-telemetry.ts';
import { chainSome, endOfChain, lookForUnchained } from './chain.ts';
import { appendCheckpoint, insertCheckpoint, lastCheckpoint, signCheckpoint } from './checkpoint.ts';
import type { SigningKey } from './signing-key.ts';

/** A service that has just started has other things to do. */
const FIRST_LOOK_MS = 1_000;
const POLL_MS = 10_000;
const CHECKPOINT_MS = 60_000;
/** Entries that follow close upon each other are chained together. */
const GATHER_MS = 50;
/** Entries are there, but an older transaction still runs: look again soon, then less often. */
const FIRST_SOON_MS = 10;
const MAX_SOON_MS = 1_000;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
/** What is left is chained and signed when the process stops, in this time. */
const LAST_MS = 3_000;

export interface ChainerOptions {
  /** Asked once, when there is something to sign. */
  readonly key: () => Promise<SigningKey>;
  /** The file that gets a line for each checkpoint. */
  readonly checkpoints: string;
}

export interface Chainer {
  /** Chains and signs what is left, and ends. */
  stop(): Promise<void>;
}

const bells = new WeakMap<Database, Pick<Bell, 'ring'>>();

/** Tells the chainer of this process, where there is one, that there is a new entry. */
export function wakeChainer(db: Database): void {
  bells.get(db)?.ring();
}

export function startChainer(db: Database, options: ChainerOptions): Chainer {
  const wake = bell();
  /** Nothing is left to do, as far as is known: who stops then needs no database any more. */
  let isIdle = false;
  bells.set(db, {
    ring() {
      isIdle = false;
      wake.ring();
    },
  });
  const stopping = new AbortController();
  const cancellation = new Cancellation();
  const round = roundOf(db, options);
  const { signal } = stopping;

  async function loop(): Promise<void> {
    let failures = 0;
    await wake.wait(FIRST_LOOK_MS, signal);
    while (!signal.aborted) {
      try {
        isIdle = true;
        const dueInMs = await round(false);
        failures = 0;
        if (dueInMs !== undefined) isIdle = false;
        if (dueInMs === 0) continue;
        await wake.wait(Math.min(dueInMs ?? POLL_MS, POLL_MS), signal);
        await sleep(GATHER_MS, signal).catch(() => {});
      } catch (error) {
        isIdle = false;
        if (signal.aborted) return;
        report(db, error);
        const pauseMs = Math.min(FIRST_BACKOFF_MS * 2 ** failures++, MAX_BACKOFF_MS);
        await sleep(pauseMs, signal).catch(() => {});
      }
    }
  }

  async function finish(): Promise<void> {
    try {
      while ((await round(true)) === 0);
    } catch (error) {
      report(db, error);
    }
  }

  const ended = routine(loop, { cancellation });
  return {
    async stop() {
      bells.delete(db);
      stopping.abort();
      cancellation.cancel(new GoblinError('CANCELED', { message: 'the process is stopping' }));
      await ended;
      if (!isIdle) await routine(finish, { deadline: systemClock.now() + LAST_MS });
    },
  };
}

/** Does what is due; answers in how many milliseconds there is more to do, undefined where nothing is left. */
function roundOf(db: Database, options: ChainerOptions): (isLast: boolean) => Promise<number | undefined> {
  const telemetry = auditTelemetry(db.telemetry, db.schema);
  let soonMs = FIRST_SOON_MS;
  let key: SigningKey | undefined;

  /** Answers in how many milliseconds there is something to sign, undefined where nothing is left. */
  async function signIfDue(isLast: boolean): Promise<number | undefined> {
    const end = await endOfChain(db);
    const last = await lastCheckpoint(db);
    if (!end.hash || end.sequence === last?.sequence) return undefined;
    const dueInMs = last && !isLast ? CHECKPOINT_MS - last.ageMs : 0;
    if (dueInMs > 0) return dueInMs;
    key ??= await options.key();
    const checkpoint = signCheckpoint(key, end.owner, end.sequence, end.hash);
    // First where it cannot be taken back.
    await appendCheckpoint(options.checkpoints, checkpoint);
    await insertCheckpoint(db, checkpoint);
    db.telemetry.log.info({ checkpoint }, `the audit trail of ${end.owner} stands at ${end.sequence}`);
    return undefined;
  }

  return async (isLast) => {
    const { ready, soon, oldestSeconds } = await lookForUnchained(db);
    telemetry.oldestUnchained.set(oldestSeconds);
    const chained = ready ? await chainSome(db) : 0;
    if (chained) telemetry.chained.add(chained);
    const signInMs = await signIfDue(isLast);
    // There may be more; undefined: another process is at it.
    if (chained) return 0;
    soonMs = soon ? Math.min(soonMs * 2, MAX_SOON_MS) : FIRST_SOON_MS;
    return soon ? Math.min(soonMs, signInMs ?? soonMs) : signInMs;
  };
}

function report(db: Database, error: unknown): void {
  auditTelemetry(db.telemetry, db.schema).failures.add();
  db.telemetry.log.error({ err: error }, 'the audit trail could not be chained or signed; it is tried again');
}
