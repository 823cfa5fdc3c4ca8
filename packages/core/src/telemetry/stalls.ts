/** What has begun and does not end. A hang ends nothing that durations could count, so without this it would be seen when deadlines pass
 * and not before. Of each kind of work the running ones are linked in the order they began: to begin and to end costs some
 * pointers, and only who collects walks along those that have stalled. */
import type { Metrics } from './metrics.ts';

/** What runs for longer has stalled. */
export const STALLED_MS = 2_000;

export interface StallsOptions {
  /** Of the metrics: `<prefix>_stalled_seconds` and `<prefix>_stalled_ratio`. */
  readonly prefix: string;
  /** What it is, in the plural: `calls`. */
  readonly things: string;
  /** By which kinds are told apart. */
  readonly label: string;
}

/** The running work of one kind. */
export class RunningWork {
  #oldest: Running | undefined;
  #newest: Running | undefined;
  #ended = 0;

  /** @param startMs on the clock of `performance.now()` */
  begin(startMs: number): Running {
    const running: Running = { startMs, endedBefore: this.#ended, older: this.#newest, newer: undefined };
    if (this.#newest) this.#newest.newer = running;
    else this.#oldest = running;
    this.#newest = running;
    return running;
  }

  /** Once for each. */
  end({ older, newer }: Running): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#ended += 1;
  }

  /** How long the oldest has run, where it has stalled, and how many have: as a share of them and of those that ended since it began.
   * So one that takes long beside many others is little, and one that hangs while nothing else ends is all. */
  stalled(nowMs: number): { readonly seconds: number; readonly ratio: number } {
    let count = 0;
    for (let one = this.#oldest; one && nowMs - one.startMs > STALLED_MS; one = one.newer) count += 1;
    if (count === 0) return { seconds: 0, ratio: 0 };
    const { startMs, endedBefore } = this.#oldest!;
    return { seconds: (nowMs - startMs) / 1_000, ratio: count / (count + this.#ended - endedBefore) };
  }
}

/** Work that has begun. */
export interface Running {
  readonly startMs: number;
  /** How many had ended when it began. */
  readonly endedBefore: number;
  older: Running | undefined;
  newer: Running | undefined;
}

/** By metrics and prefix: whoever measures the same things of a process counts them together. */
const known = new WeakMap<Metrics, Map<string, Stalls>>();

/** The running work of each kind that was asked for. */
class Stalls {
  readonly #kinds = new Map<string, RunningWork>();

  constructor(metrics: Metrics, { prefix, things, label }: StallsOptions) {
    const [over, labels] = [`${STALLED_MS / 1_000} s`, [label]];
    const show = (name: string, help: string, value: (work: RunningWork) => number): void => {
      metrics.observe(name, { help, labels }, (set) => {
        for (const [kind, work] of this.#kinds) set(value(work), kind);
      });
    };
    show(
      `${prefix}_stalled_seconds`,
      `How long the oldest of the ${things} has run that run for over ${over}.`,
      (work) => work.stalled(performance.now()).seconds,
    );
    show(
      `${prefix}_stalled_ratio`,
      `Share of the ${things} that run for over ${over}, of them and those that ended since the oldest began.`,
      (work) => work.stalled(performance.now()).ratio,
    );
  }

  of(kind: string): RunningWork {
    let work = this.#kinds.get(kind);
    if (!work) {
      work = new RunningWork();
      this.#kinds.set(kind, work);
    }
    return work;
  }
}

/** Shows what stalls, in the metrics named after `prefix`. */
export function stallsOf(metrics: Metrics, options: StallsOptions): Pick<Stalls, 'of'> {
  let ofMetrics = known.get(metrics);
  if (!ofMetrics) {
    ofMetrics = new Map();
    known.set(metrics, ofMetrics);
  }
  let stalls = ofMetrics.get(options.prefix);
  if (!stalls) {
    stalls = new Stalls(metrics, options);
    ofMetrics.set(options.prefix, stalls);
  }
  return stalls;
}
