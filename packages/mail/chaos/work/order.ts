/** The workflow: it reserves, charges, waits for a signal and for a while, lets children do parts, and ends with an effect, a mail and an
 * output. Each result that a run is told of a step is written down, so that it can be seen that all runs were told the same. */
import { randomUUID } from 'node:crypto';
import { type Database, type Handled, handle, type Job, sql } from '@goblin/data';
import { chargeOnce } from './charging.ts';
import { order, PARTS, part, receipt as receiptMail } from './definitions.ts';
import { leaveEffect } from './effect.ts';

interface Remembered<T> {
  readonly value: T;
  /** Which run of the step it comes from. */
  readonly token: string;
}

export function orderTask(db: Database, chargeUrl: string): Handled {
  async function step<T>(job: Job, name: string, work: () => Promise<T>): Promise<Remembered<T>> {
    const remembered = await job.step(name, async () => {
      const token = randomUUID();
      const value = await work();
      await db.query(sql`
        insert into step_run (task, step, token, pid) values (${job.id}, ${name}, ${token}, ${process.pid})`);
      return { value, token };
    });
    await db.query(sql`
      insert into step_seen (task, step, token, pid)
      values (${job.id}, ${name}, ${remembered.token}, ${process.pid})`);
    return remembered;
  }

  return handle(order, async (job) => {
    const { name } = job.input;
    const reserved = await step(job, 'reserve', async () => `place of ${name}`);
    const charged = await step(job, 'charge', () => chargeOnce(chargeUrl, chargeKeyOf(name), job.signal));
    const approval = (await job.waitFor<{ by: string }>('approved'))!;
    await job.sleep('50ms');
    const requests = partNames(name).map((partName, number) => ({ input: { name: partName, number } }));
    const parts = await job.waitAll(await job.spawn(part, requests));
    const output = {
      receipt: charged.value,
      by: approval.by,
      doubles: parts.map(({ double }) => double),
    };
    await db.transaction(async (tx) => {
      const tokens = { reserve: reserved.token, charge: charged.token };
      await leaveEffect(tx, job, 'order', name, { ...output, tokens });
      await receiptMail.send(tx, { key: name, to: 'buyer@example.com', data: { name } });
      await job.finish(tx, output);
    });
  });
}

export function chargeKeyOf(orderName: string): string {
  return `${orderName}/charge`;
}

export function partNames(orderName: string): string[] {
  return Array.from({ length: PARTS }, (_, number) => `${orderName}/part ${number}`);
}
