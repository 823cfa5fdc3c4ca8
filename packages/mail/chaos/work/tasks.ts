/** The handlers of the simple tasks. Each ends its task in the transaction of its effect. */
import { sleep } from '@goblin/core';
import { type Database, type Handled, handle, type Job, type Transaction } from '@goblin/data';
import { chargeOnce } from './charging.ts';
import { charge, echo, finished, laned, type Named, part, single, sweep } from './definitions.ts';
import { leaveEffect } from './effect.ts';

/** What one takes at most, so that kills meet it at any place. */
const WORK_MS = 15;
/** One of so many attempts fails by itself. */
const FAILS = 25;

export function simpleTasks(db: Database, chargeUrl: string): Handled[] {
  function leaves(kind: string, also?: (tx: Transaction, name: string) => Promise<void>) {
    return async (job: Job<Named>): Promise<void> => {
      await workSomeTime();
      const { name } = job.input;
      await db.transaction(async (tx) => {
        await leaveEffect(tx, job, kind, name);
        await also?.(tx, name);
        await job.finish(tx);
      });
    };
  }
  return [
    handle(
      single,
      leaves('single', (tx, name) => finished.publish(tx, { name })),
    ),
    handle(laned, leaves('laned')),
    handle(echo, leaves('echo')),
    handle(sweep, leaves('sweep')),
    handle(part, async (job) => {
      await workSomeTime();
      const { name, number } = job.input;
      await db.transaction(async (tx) => {
        await leaveEffect(tx, job, 'part', name);
        await job.finish(tx, { name, double: 2 * number });
      });
    }),
    handle(charge, async (job) => {
      const { name } = job.input;
      const receipt = await chargeOnce(chargeUrl, name, job.signal);
      await db.transaction(async (tx) => {
        await leaveEffect(tx, job, 'charge', name, { receipt });
        await job.finish(tx);
      });
    }),
  ];
}

async function workSomeTime(): Promise<void> {
  await sleep(Math.random() * WORK_MS);
  if (Math.random() * FAILS < 1) throw new Error('it fails now and then');
}
