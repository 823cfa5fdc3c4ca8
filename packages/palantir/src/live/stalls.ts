/** What hangs now: calls that a service does not answer, as it sees them itself or its callers do, and statements that its database does
 * not. Instances tell how long the oldest has run, and what share of all have stalled (core's stalls.ts). */
import type { Labels, Matcher } from '../model.ts';
import type { SampleSeries } from '../query/promql/source.ts';
import { isStale } from '../sample-rules.ts';

/** Below this share of what runs it is one that takes long, and no hang. */
const STALLED_SHARE = 0.05;
/** Far enough back for two samples of whoever sends each minute. */
export const STALLS_MS = 150_000;
/** Of an instance of which there is only one sample. */
const PERIOD_MS = 5_000;
/** Who misses so many is gone. */
const MISSED = 2;
const NAME = /^(rpc_server|rpc_client|db_client)_stalled_(seconds|ratio)$/;

export const STALLS: Matcher = { label: '__name__', op: '=~', value: NAME.source.slice(1, -1) };

export interface Stall {
  /** Who hangs, or whose database does. */
  readonly service: string;
  /** What does not end: statements of its database, calls that it answers, calls that others make to it. */
  readonly kind: 'statements' | 'answers' | 'calls';
  /** Of calls that others make. */
  readonly from?: string;
  /** How long the oldest runs already. */
  readonly seconds: number;
}

/** The causes first: a service whose database hangs answers nothing either.
 * @param serviceOf services by the contracts that they answer */
export function stallsIn(
  series: readonly SampleSeries[],
  serviceOf: ReadonlyMap<string, string>,
  atMs: number,
): readonly Stall[] {
  const shares = new Map<string, number>();
  const stalls: Stall[] = [];
  const now = series.flatMap(({ labels, times, values }) => {
    const last = times.length - 1;
    const [, prefix = '', what] = NAME.exec(labels.__name__ ?? '') ?? [];
    if (last < 0 || values[last] === 0 || isStale(values, last) || !isFresh(times, atMs)) return [];
    return [{ prefix, what, labels, key: keyOf(prefix, labels), value: values[last]! }];
  });
  for (const { what, key, value } of now) if (what === 'ratio') shares.set(key, value);
  for (const { prefix, what, labels, key, value: seconds } of now) {
    if (what !== 'seconds' || (shares.get(key) ?? 0) <= STALLED_SHARE) continue;
    const { service = '', exported_service: contract = '' } = labels;
    if (prefix === 'db_client') stalls.push({ service, kind: 'statements', seconds });
    else if (prefix === 'rpc_server') stalls.push({ service, kind: 'answers', seconds });
    else stalls.push({ service: serviceOf.get(contract) ?? contract, kind: 'calls', from: service, seconds });
  }
  return stalls.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.seconds - a.seconds);
}

export function stallInWords({ kind, from, seconds }: Stall): string {
  const since = `for ${Math.round(seconds)} s`;
  if (kind === 'statements') return `its database has kept statements waiting ${since}`;
  return kind === 'answers'
    ? `calls have waited for it ${since}`
    : `calls of ${from} have waited for it ${since}`;
}

const KINDS: readonly Stall['kind'][] = ['statements', 'answers', 'calls'];

/** Its sender has not ceased: it sent the last sample as lately as its samples are apart. */
function isFresh(times: Float64Array, atMs: number): boolean {
  const lastMs = times.at(-1)!;
  const periodMs = times.length > 1 ? lastMs - times.at(-2)! : PERIOD_MS;
  return atMs - lastMs <= MISSED * periodMs;
}

function keyOf(prefix: string, labels: Labels): string {
  const others = Object.entries(labels).filter(([label]) => label !== '__name__');
  return JSON.stringify([prefix, others.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
