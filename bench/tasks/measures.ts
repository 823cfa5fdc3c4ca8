/** The measurements of tasks. Each takes one queue, orders its two processes about, and notes what they say. */
import type pg from 'pg';
import type { Side } from '../side.ts';
import type { Ran, Round } from './process.ts';
import { note, type Samples } from './samples.ts';

export interface Listed {
  readonly name: string;
  readonly file: string;
  /** Tasks of one measurement of claims: a second's worth and more. */
  readonly claims: number;
  /** Whether it is quick enough for full tables. */
  readonly fills: boolean;
}

export interface Pair extends Listed {
  readonly producer: Side;
  readonly worker: Side;
}

export const ENQUEUE = 'enqueue';
export const BATCHES = 'enqueue by the thousand';
export const CLAIM = 'claim and finish';
export const WAKE = 'wake to run';
export const FEW_WAIT = 'claim and finish, a thousand waiting';
export const MANY_WAIT = 'claim and finish, many waiting';
export const MANY_FINISHED = 'claim and finish, many finished';
export const ENQUEUE_FINISHED = 'enqueue, many finished';
export const OLD = 'claim and finish, an old transaction';
export const EVENTS = 'event lag';

export const WRITERS = 12;
const FEW = 1_000;
export const CALLERS = 32;
const WARM_UPS = 50;
const PACE_MS = 10;
/** What comes and goes while an old transaction is held, in measurements of claims. The last one counts. */
const CHURN = 3;

export async function enqueueing(
  { name, producer }: Pair,
  samples: Samples,
  durationMs: number,
): Promise<void> {
  await producer.ask({ do: 'empty' });
  for (const callers of [1, CALLERS]) {
    note(samples, ENQUEUE, name, callers, await producer.ask<Round>({ do: 'enqueue', callers, durationMs }));
  }
  const batches = await producer.ask<Round | undefined>({ do: 'enqueue batches', durationMs });
  if (batches) note(samples, BATCHES, name, 1, batches);
  await producer.ask({ do: 'empty' });
}

export async function claiming(pair: Pair, samples: Samples): Promise<void> {
  const { name, claims, producer } = pair;
  await producer.ask({ do: 'fill', count: claims });
  note(samples, CLAIM, name, 1, await finished(pair, claims));
  await producer.ask({ do: 'empty' });
}

/** Tasks that come one by one to a worker that waits; the two are processes of their own. */
export async function waking(
  { name, producer, worker }: Pair,
  samples: Samples,
  durationMs: number,
): Promise<void> {
  await worker.ask({ do: 'start' });
  await producer.ask({ do: 'pace', callers: 1, count: WARM_UPS, everyMs: PACE_MS });
  await worker.ask({ do: 'ran', count: WARM_UPS });
  const count = Math.ceil(durationMs / PACE_MS);
  await producer.ask({ do: 'pace', callers: 1, count, everyMs: PACE_MS });
  note(samples, WAKE, name, 1, await worker.ask<Round>({ do: 'ran', count }));
  await worker.ask({ do: 'stop' });
  await producer.ask({ do: 'empty' });
}

export async function fullTable(
  pair: Pair,
  samples: Samples,
  durationMs: number,
  rounds: number,
  scale: number,
  vacuum: () => Promise<void>,
): Promise<void> {
  const { name, claims, producer, worker } = pair;
  for (let round = 0; round < rounds; round++) {
    await producer.ask({ do: 'fill', count: FEW + claims });
    note(samples, FEW_WAIT, name, 1, await workedOff(worker, claims));
    await producer.ask({ do: 'empty' });
  }
  await producer.ask({ do: 'fill', count: scale });
  await vacuum();
  for (let round = 0; round < rounds; round++) {
    await producer.ask({ do: 'fill', count: claims });
    note(samples, MANY_WAIT, name, 1, await workedOff(worker, claims));
  }
  await worker.ask({ do: 'start' });
  await worker.ask({ do: 'drain' });
  await worker.ask({ do: 'stop' });
  await vacuum();
  for (let round = 0; round < rounds; round++) {
    await producer.ask({ do: 'fill', count: claims });
    note(samples, MANY_FINISHED, name, 1, await finished(pair, claims));
  }
  const order = { do: 'enqueue', callers: CALLERS, durationMs };
  for (let round = 0; round < rounds; round++)
    note(samples, ENQUEUE_FINISHED, name, CALLERS, await producer.ask<Round>(order));
  await producer.ask({ do: 'empty' });
}

export async function oldTransaction(pair: Pair, samples: Samples, pool: pg.Pool): Promise<void> {
  const { name, claims, producer } = pair;
  const old = await pool.connect();
  await old.query('begin isolation level repeatable read');
  await old.query('select pg_current_xact_id()');
  for (let left = CHURN; left > 0; left--) {
    await producer.ask({ do: 'fill', count: claims });
    const round = await finished(pair, claims);
    if (left === 1) note(samples, OLD, name, 1, round);
  }
  await old.query('rollback');
  old.release();
  await producer.ask({ do: 'empty' });
}

/** Writers each publish in a transaction of their own; one consumer in another process must see every event. */
export async function eventLag(
  { producer, worker }: Pair,
  samples: Samples,
  durationMs: number,
): Promise<void> {
  await worker.ask({ do: 'start' });
  const count = Math.ceil((durationMs / PACE_MS) * WRITERS);
  await producer.ask({ do: 'pace', callers: WRITERS, count, everyMs: PACE_MS });
  note(samples, EVENTS, 'goblin', WRITERS, await worker.ask<Round>({ do: 'ran', count }));
  await worker.ask({ do: 'stop' });
}

/** All that is in the table, from the first handler until the last task is finished. */
async function finished({ producer, worker }: Pair, count: number): Promise<Round> {
  await worker.ask({ do: 'start' });
  const ran = await worker.ask<Ran>({ do: 'ran', count });
  const endMs = await producer.ask<number>({ do: 'finished' });
  await worker.ask({ do: 'stop' });
  return { ...ran, seconds: (endMs - ran.firstMs) / 1_000 };
}

/** So many of those in the table, from the first handler to the last. */
async function workedOff(worker: Side, count: number): Promise<Round> {
  await worker.ask({ do: 'start' });
  const round = await worker.ask<Round>({ do: 'ran', count });
  await worker.ask({ do: 'stop' });
  return round;
}
