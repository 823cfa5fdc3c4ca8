/** Gives each series of a day its number and its group, and refuses new ones beyond the limits: a label with ever new values (a
 * user's id, a path with numbers) would otherwise fill memory and disk. Known series are never refused.
 *
 * A group is what is sealed together: series that lie in one block. The first few series of a name go with those that came at the
 * same time (one scrape has the same times everywhere); a name with many gets groups of its own, because a query reads a name. */
import type { Labels } from '../../model.ts';
import type { DayDatabase } from '../day-database.ts';
import { canonicalLabels, keyOf, labelsFault, NAME } from './labels.ts';

const GROUP_SERIES = 64;
/** A name with more series gets groups of its own. */
const MIXED_SERIES = 8;

export interface SeriesLimits {
  /** Of one day. */
  readonly series: number;
  readonly seriesPerMetric: number;
}

interface Group {
  readonly id: number;
  readonly seriesIds: number[];
}

interface Metric {
  count: number;
  group: Group | undefined;
  /** Why the next one is refused: found out once. */
  refusal: string | undefined;
}

export class SeriesRegistry {
  readonly #db: DayDatabase;
  readonly #limits: SeriesLimits;
  readonly #ids = new Map<string, number>();
  readonly #groupOf: number[] = [];
  readonly #groups = new Map<number, Group>();
  readonly #metrics = new Map<string, Metric>();
  #mixed: Group | undefined;
  #refusal: string | undefined;

  constructor(db: DayDatabase, limits: SeriesLimits) {
    this.#db = db;
    this.#limits = limits;
    const rows = db.prepare('SELECT id, group_id, name, labels FROM series ORDER BY id').iterate();
    for (const row of rows as Iterable<{ id: number; group_id: number; name: string; labels: string }>) {
      const metric = this.#metric(row.name);
      const group = this.#group(row.group_id);
      this.#note(keyOf(JSON.parse(row.labels) as Labels), row.id, group, metric);
    }
  }

  get size(): number {
    return this.#ids.size;
  }

  get maxId(): number {
    return this.#ids.size;
  }

  get groups(): Iterable<Group> {
    return this.#groups.values();
  }

  groupOf(id: number): number {
    return this.#groupOf[id]!;
  }

  /** The series' number, or why it is not taken. Within a transaction: it may write. */
  idOf(given: Labels): number | string {
    const labels = canonicalLabels(given);
    const key = keyOf(labels);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const fault = labelsFault(labels);
    if (fault) return fault;
    const name = labels[NAME]!;
    const metric = this.#metric(name);
    const refusal = this.#refusalOf(name, metric);
    if (refusal) return refusal;
    const id = this.maxId + 1;
    const group = this.#groupFor(metric);
    this.#note(key, id, group, metric);
    this.#db
      .prepare('INSERT INTO series (id, group_id, name, labels) VALUES (?, ?, ?, ?)')
      .run(id, group.id, name, JSON.stringify(labels));
    return id;
  }

  #note(key: string, id: number, group: Group, metric: Metric): void {
    this.#ids.set(key, id);
    this.#groupOf[id] = group.id;
    group.seriesIds.push(id);
    if (metric.count++ >= MIXED_SERIES) metric.group = group;
    else this.#mixed = group;
  }

  #metric(name: string): Metric {
    let metric = this.#metrics.get(name);
    if (!metric) {
      metric = { count: 0, group: undefined, refusal: undefined };
      this.#metrics.set(name, metric);
    }
    return metric;
  }

  #group(id: number): Group {
    let group = this.#groups.get(id);
    if (!group) {
      group = { id, seriesIds: [] };
      this.#groups.set(id, group);
    }
    return group;
  }

  #groupFor(metric: Metric): Group {
    const open = metric.count >= MIXED_SERIES ? metric.group : this.#mixed;
    if (open && open.seriesIds.length < GROUP_SERIES) return open;
    const group = this.#group(this.#groups.size + 1);
    this.#db.prepare('INSERT INTO series_group (id, sealed_seq) VALUES (?, 0)').run(group.id);
    return group;
  }

  #refusalOf(name: string, metric: Metric): string | undefined {
    if (metric.count >= this.#limits.seriesPerMetric) {
      metric.refusal ??= `${name} has more than ${this.#limits.seriesPerMetric} series a day: ${this.#culprit(name)}`;
      return metric.refusal;
    }
    if (this.size < this.#limits.series) return undefined;
    this.#refusal ??= this.#refusalOfAll();
    return this.#refusal;
  }

  #refusalOfAll(): string {
    const counts = Array.from(this.#metrics, ([name, { count }]) => ({ name, count }));
    const largest = counts.reduce((one, other) => (other.count > one.count ? other : one));
    const most = `most of them, ${largest.count}, are of ${largest.name}: ${this.#culprit(largest.name)}`;
    return `there are more than ${this.#limits.series} series a day; ${most}`;
  }

  /** The label that makes them so many. */
  #culprit(name: string): string {
    const values = new Map<string, Set<string>>();
    const rows = this.#db.prepare('SELECT labels FROM series WHERE name = ?').iterate(name);
    for (const { labels } of rows as Iterable<{ labels: string }>) {
      for (const [label, value] of Object.entries(JSON.parse(labels) as Labels)) {
        if (!values.has(label)) values.set(label, new Set());
        values.get(label)!.add(value);
      }
    }
    const [label, seen] = [...values].reduce((one, other) => (other[1].size > one[1].size ? other : one));
    return `its label ${label} has ${seen.size} values`;
  }
}
