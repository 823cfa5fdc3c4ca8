/** The row that an item leaves when it is done, with the proof of who did it. */
import { type Job, sql, type Transaction } from '@goblin/data';

/** @param kind without the service: `single` */
export async function leaveEffect(
  tx: Transaction,
  job: Pick<Job, 'id' | 'fence'>,
  kind: string,
  name: string,
  detail: unknown = {},
): Promise<void> {
  await tx.query(sql`
    insert into effect (kind, name, task, fence, pid, detail)
    values (${kind}, ${name}, ${job.id}, ${job.fence}, ${process.pid}, ${JSON.stringify(detail)}::jsonb)`);
}
