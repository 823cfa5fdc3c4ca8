/** Scrapes the instances that the mesh's directory knows and that do not send: started by hand or on other machines, without a
 * place to send to. Their series get `service` and `instance`, as those that are sent have, so that pages and rules are the same.
 *
 * Whether an instance sends is seen, not told: when it has been known for PATIENCE_MS without a sample of it having come in, it
 * is scraped until it leaves. One that sends is left alone, and judged anew when the series it was recognised by has had no sample for
 * SILENT_MS. Who sends more rarely than within PATIENCE_MS is scraped as well; for our own services both ways make the
 * same series, so no sum counts anything twice.
 *
 * Who leaves the directory is no target any more: all of its series end. Bounds are those of scrape.ts. */
import type { Labels, Matcher } from '../../model.ts';
import { isStale } from '../../sample-rules.ts';
import type { SelectedSeries } from '../../store/metrics/packed-series.ts';
import type { TelemetryStore } from '../../store/store.ts';
import type { Collector } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { inParallel } from '../in-parallel.ts';
import { eachPeriod } from '../periods.ts';
import { type ScrapeOptions, type ScrapeTarget, type ScrapeTools, scrape } from './scrape.ts';

const NAME = 'peers';
/** Five times what instances under `goblin up` take from one sending to the next. */
export const PATIENCE_MS = 15_000;
/** Longer than the minute that OpenTelemetry's exporters take, twice. */
export const SILENT_MS = 150_000;
const LOOK_MS = 1_000;
/** Questions to the store at a time. */
const PARALLEL = 4;

/** Of a directory; those that listen nowhere cannot be scraped. */
export interface KnownPeer {
  readonly instance: string;
  readonly service?: string | undefined;
  readonly address?: { readonly host: string; readonly port: number } | undefined;
}

export interface SilentPeersOptions extends Omit<ScrapeOptions, 'targets' | 'name'> {
  /** Who is there now. */
  readonly peers: () => readonly KnownPeer[];
  /** Only instances of these. Default: of all. */
  readonly services?: readonly string[];
}

export type SilentPeersTools = ScrapeTools & { readonly store: Pick<TelemetryStore, 'select'> };

interface Judged {
  peer: KnownPeer;
  readonly target: Labels;
  /** On the wall clock: samples from then on count. */
  readonly knownSinceMs: number;
  readonly isScraped: boolean;
  /** What it was recognised by, where it sends. */
  readonly sign?: Labels;
  /** On the monotonic clock; never for those that are scraped. */
  readonly judgeAtMs: number;
}

export function silentPeers(tools: SilentPeersTools, options: SilentPeersOptions): Collector {
  const { peers, services, ...limits } = options;
  const { clock, store } = tools;
  const meter = collectorMeter(NAME, tools.metrics, tools.log);
  const known = new Map<string, Judged>();

  function refresh(): void {
    const now = new Map(
      peers()
        .filter(({ address, service }) => address && (services?.includes(service ?? '') ?? true))
        .map((peer) => [peer.instance, peer]),
    );
    for (const instance of known.keys()) if (!now.has(instance)) known.delete(instance);
    for (const [instance, peer] of now) {
      const one = known.get(instance);
      if (one) one.peer = peer;
      else
        known.set(instance, {
          peer,
          target: { ...(peer.service !== undefined && { service: peer.service }), instance },
          knownSinceMs: clock.wall(),
          isScraped: false,
          judgeAtMs: clock.now() + PATIENCE_MS,
        });
    }
  }

  async function judge(instance: string, one: Judged, signal: AbortSignal): Promise<void> {
    const { target, knownSinceMs, sign } = one;
    const toMs = clock.wall();
    const fromMs = sign ? Math.max(knownSinceMs, toMs - SILENT_MS) : knownSinceMs;
    try {
      const found = await store.select(matching(sign ?? target), fromMs, toMs, { signal });
      // It may have left, and have come back, meanwhile.
      if (known.get(instance) !== one) return;
      const living = found.find(isAlive)?.labels;
      known.set(
        instance,
        living
          ? { ...one, sign: living, judgeAtMs: clock.now() + SILENT_MS }
          : { ...one, isScraped: true, judgeAtMs: Number.POSITIVE_INFINITY },
      );
    } catch (error) {
      if (!signal.aborted) meter.failed('the store', error);
    }
  }

  async function look(signal: AbortSignal): Promise<void> {
    refresh();
    const due = [...known].filter(([, { judgeAtMs }]) => judgeAtMs <= clock.now());
    await inParallel(due, PARALLEL, ([instance, one]) => judge(instance, one, signal));
  }

  const scraping = scrape(tools, {
    ...limits,
    name: NAME,
    targets: () => [...known.values()].filter(({ isScraped }) => isScraped).map(targetOf),
  });

  return {
    name: NAME,
    async run(signal) {
      await Promise.all([eachPeriod(clock, LOOK_MS, signal, () => look(signal)), scraping.run(signal)]);
    },
  };
}

function targetOf({ peer, target }: Judged): ScrapeTarget {
  const { host, port } = peer.address!;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`, labels: target };
}

function matching(labels: Labels): Matcher[] {
  return Object.entries(labels).map(([label, value]) => ({ label, op: '=', value }));
}

function isAlive({ values }: SelectedSeries): boolean {
  return values.length > 0 && !isStale(values, values.length - 1);
}
