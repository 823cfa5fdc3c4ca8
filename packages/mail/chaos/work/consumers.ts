/** Groups of consumers. What they do is in the transaction that moves their cursor: a row, a task, a signal. */
import { type Database, type ReceivedEvent, sql, subscribe, type Transaction } from '@goblin/data';
import { echo, finished, noted, order, placed } from './definitions.ts';

/** Which group hears what. */
export const GROUPS: readonly { readonly group: string; readonly type: string }[] = [
  { group: 'approver', type: placed.type },
  { group: 'ledger', type: noted.type },
  { group: 'echoes', type: noted.type },
  { group: 'ledger', type: finished.type },
];

/** The group at the branch. */
export const BRANCH = 'branch';

type Heard = ReceivedEvent<{ name: string }>;

/** Loops by their names. */
export function consumers(db: Database): ReadonlyMap<string, (signal: AbortSignal) => Promise<void>> {
  return new Map([
    [
      'approver',
      subscribe(db, placed, { group: 'approver' }, async (heard, tx) => {
        const { name } = heard.payload;
        const told = await order.signal(tx, name, 'approved', { by: `event ${heard.id}` });
        if (!told) throw new Error(`${name} waits for its approval and cannot be told`);
        await noteHeard(tx, 'approver', heard);
      }),
    ],
    ['ledger', subscribe(db, noted, { group: 'ledger' }, (heard, tx) => noteHeard(tx, 'ledger', heard))],
    [
      'echoes',
      subscribe(db, noted, { group: 'echoes' }, async (heard, tx) => {
        const { name } = heard.payload;
        await echo.enqueue(tx, { input: { name } });
        await noteHeard(tx, 'echoes', heard);
      }),
    ],
    ['finished', subscribe(db, finished, { group: 'ledger' }, (heard, tx) => noteHeard(tx, 'ledger', heard))],
  ]);
}

export async function noteHeard(tx: Transaction, group: string, { id, payload }: Heard): Promise<void> {
  await tx.query(sql`
    insert into heard (consumer, event, name, pid) values (${group}, ${id}, ${payload.name}, ${process.pid})`);
}
