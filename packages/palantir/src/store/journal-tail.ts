/** What of a journal is not sealed yet, read along: a reader decodes each row once, however often it is asked. */
import type { DayDatabase } from './day-database.ts';

export class JournalTail<Row> {
  readonly #db: DayDatabase;
  readonly #table: 'sample_journal' | 'log_journal' | 'span_journal';
  readonly #decode: (seq: number, data: Uint8Array) => Row;
  #rows: { readonly seq: number; readonly row: Row }[] = [];

  constructor(
    db: DayDatabase,
    table: 'sample_journal' | 'log_journal' | 'span_journal',
    decode: (seq: number, data: Uint8Array) => Row,
  ) {
    this.#db = db;
    this.#table = table;
    this.#decode = decode;
  }

  /** Within a transaction: all rows that are there at its moment. */
  read(): Row[] {
    const first = this.#db.prepare(`SELECT min(seq) AS seq FROM ${this.#table}`).get()!.seq as number | null;
    const isKept = ({ seq }: { seq: number }): boolean => first !== null && seq >= first;
    if (this.#rows.length > 0 && !isKept(this.#rows[0]!)) this.#rows = this.#rows.filter(isKept);
    if (first === null) return [];
    const fresh = this.#db
      .prepare(`SELECT seq, data FROM ${this.#table} WHERE seq > ? ORDER BY seq`)
      .iterate(this.#rows.at(-1)?.seq ?? 0);
    for (const { seq, data } of fresh as Iterable<{ seq: number; data: Uint8Array }>)
      this.#rows.push({ seq, row: this.#decode(seq, data) });
    return this.#rows.map(({ row }) => row);
  }
}
