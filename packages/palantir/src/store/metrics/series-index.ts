/** The series of a day as a reader knows them: read along as they are added, found by name, then label by label. */
import type { Labels } from '../../model.ts';
import type { DayDatabase } from '../day-database.ts';
import type { CompiledMatcher } from '../matching.ts';
import { NAME } from './labels.ts';

interface SeriesRow {
  readonly id: number;
  readonly group_id: number;
  readonly labels: string;
}

export class SeriesIndex {
  readonly #db: DayDatabase;
  readonly #labels: Labels[] = [];
  readonly #groupOf: number[] = [];
  readonly #byName = new Map<string, number[]>();
  #maxId = 0;

  constructor(db: DayDatabase) {
    this.#db = db;
  }

  get maxId(): number {
    return this.#maxId;
  }

  labelsOf(id: number): Labels {
    return this.#labels[id]!;
  }

  groupOf(id: number): number {
    return this.#groupOf[id]!;
  }

  /** Reads those that are new. */
  refresh(): void {
    const rows = this.#db
      .prepare('SELECT id, group_id, labels FROM series WHERE id > ? ORDER BY id')
      .iterate(this.#maxId);
    for (const { id, group_id, labels: text } of rows as unknown as Iterable<SeriesRow>) {
      const labels = JSON.parse(text) as Labels;
      const name = labels[NAME]!;
      this.#maxId = id;
      this.#labels[id] = labels;
      this.#groupOf[id] = group_id;
      const ids = this.#byName.get(name);
      if (ids) ids.push(id);
      else this.#byName.set(name, [id]);
    }
  }

  /** The numbers of those that match all. */
  *find(matchers: readonly CompiledMatcher[]): Generator<number> {
    const names = matchers.filter(({ label }) => label === NAME);
    const others = matchers.filter(({ label }) => label !== NAME);
    const only = names.find((matcher) => matcher.only !== undefined)?.only;
    const candidates = only === undefined ? this.#byName.keys() : [only];
    for (const name of candidates) {
      if (!names.every((matcher) => matcher.takes(name))) continue;
      for (const id of this.#byName.get(name) ?? []) {
        const labels = this.#labels[id]!;
        if (others.every(({ label, takes }) => takes(Object.hasOwn(labels, label) ? labels[label]! : '')))
          yield id;
      }
    }
  }
}
