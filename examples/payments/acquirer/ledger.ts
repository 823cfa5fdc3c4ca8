/** What the acquirer must not forget: charges and deliveries, one JSON line each in an append-only file. An entry
 * is acknowledged after it is on disk (fdatasync); entries that come in meanwhile share the next write. A line
 * that was cut off by a crash was never acknowledged and is removed when the file is opened again.
 * After a write that failed it refuses all further entries. Everything is also kept in memory, about half a
 * kilobyte per charge. */
import { mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Charge {
  readonly id: string;
  /** The platform's name of it, and its idempotency key. */
  readonly reference: string;
  /** Whose charge it is, as the platform named it. */
  readonly merchant: string;
  readonly amount: { readonly currency: string; readonly minor: number };
  /** `canceled`: the reference was given up before it was charged, and will not be. */
  readonly status: 'authorized' | 'declined' | 'settled' | 'canceled';
  /** Why it was declined. */
  readonly reason?: string;
  /** What the platform wants to be told with each message about it. */
  readonly note?: string;
  readonly createdAt: string;
}

/** A message to the merchant that has to arrive. */
export interface Notice {
  /** The same for each delivery of it. */
  readonly id: string;
  readonly type: 'charge.authorized' | 'charge.settled';
  readonly charge: Charge;
}

/** One line: a charge in its new state, or a notice that has arrived. */
type Entry = { readonly charge: Charge } | { readonly delivered: string };

export interface Ledger extends AsyncDisposable {
  readonly charges: Iterable<Charge>;
  find(reference: string): Charge | undefined;
  /** The notices that have not arrived yet. */
  readonly undelivered: readonly Notice[];
  /** Resolves when the charge is on disk. */
  record(charge: Charge): Promise<void>;
  recordDelivery(notice: Notice): Promise<void>;
}

export async function openLedger(path: string): Promise<Ledger> {
  await mkdir(dirname(path), { recursive: true });
  const charges = new Map<string, Charge>();
  const undelivered = new Map<string, Notice>();

  function apply(entry: Entry): void {
    if ('delivered' in entry) {
      undelivered.delete(entry.delivered);
      return;
    }
    charges.set(entry.charge.reference, entry.charge);
    const notice = noticeOf(entry.charge);
    if (notice) undelivered.set(notice.id, notice);
  }

  for (const line of await completeLines(path)) apply(JSON.parse(line) as Entry);
  const file = await open(path, 'a');
  let waiting: string[] = [];
  let written: Promise<void> | undefined;

  function append(entry: Entry): Promise<void> {
    waiting.push(`${JSON.stringify(entry)}\n`);
    written ??= Promise.resolve(writing).then(flush);
    return written;
  }

  let writing: Promise<void> | undefined;
  function flush(): Promise<void> {
    const lines = waiting;
    waiting = [];
    written = undefined;
    writing = file.appendFile(lines.join('')).then(() => file.datasync());
    return writing;
  }

  return {
    get charges() {
      return charges.values();
    },
    find: (reference) => charges.get(reference),
    get undelivered() {
      return [...undelivered.values()];
    },
    async record(charge) {
      await append({ charge });
      apply({ charge });
    },
    async recordDelivery(notice) {
      await append({ delivered: notice.id });
      apply({ delivered: notice.id });
    },
    async [Symbol.asyncDispose]() {
      await written;
      await writing;
      await file.close();
    },
  };
}

/** What the merchant is told of a charge in this state. */
export function noticeOf(charge: Charge): Notice | undefined {
  if (charge.status !== 'authorized' && charge.status !== 'settled') return undefined;
  return { id: `msg_${charge.id}_${charge.status}`, type: `charge.${charge.status}`, charge };
}

async function completeLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  if (complete.length < text.length) await truncate(path, Buffer.byteLength(complete));
  return complete.split('\n').filter((line) => line !== '');
}
