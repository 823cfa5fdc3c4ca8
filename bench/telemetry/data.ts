/** Telemetry as a platform makes it, the same in every run. Each item is known by its number, so that no two rounds send the same. */
import type { Labels, LogLine, SpanRecord } from '../../packages/palantir/src/model.ts';
import type { SelectedSeries } from '../../packages/palantir/src/store/metrics/packed-series.ts';

export const SERIES = 500;
export const STEP_MS = 15_000;
export const SPANS_PER_TRACE = 8;
export const HISTOGRAM = 'http_server_request_duration_seconds';
export const GAUGE = 'process_percent';
/** A word that stands in one line only. */
export const NEEDLE = 'inahaystack';
export const FREQUENT_WORD = 'accepted';

const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '+Inf'];
const NS_PER_MS = 1_000_000n;

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return seed / 2 ** 32;
}

function randomHex(length: number): string {
  let text = '';
  while (text.length < length)
    text += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return text.slice(0, length);
}

interface Source {
  readonly labels: Labels;
  next(): number;
}

/** 500 series of 10 instances: buckets of histograms, sums, counters, gauges with a few places. */
export function sources(): readonly Source[] {
  const all: Source[] = [];
  for (let instance = 0; instance < 10; instance++) {
    const of = { instance: `10.0.0.${instance}:9000`, service: `service-${instance % 4}` };
    for (const method of ['charge', 'refund', 'list']) {
      for (const [i, le] of BOUNDS.entries()) {
        let count = 0;
        const next = (): number => (count += Math.floor(random() * (i + 1) * 2));
        all.push({ labels: { __name__: `${HISTOGRAM}_bucket`, ...of, le, method }, next });
      }
      let sum = 0;
      all.push({
        labels: { __name__: `${HISTOGRAM}_sum`, ...of, method },
        next: () => (sum += random() / 50),
      });
    }
    for (let i = 0; i < 7; i++) {
      let level = 50 + i;
      const next = (): number => (level = Math.round((level + random() - 0.5) * 100) / 100);
      all.push({ labels: { __name__: GAUGE, ...of, kind: `k${i}` }, next });
      let requests = 0;
      all.push({
        labels: { __name__: 'requests_total', ...of, route: `/r${i}` },
        next: () => (requests += Math.floor(random() * 20)),
      });
    }
  }
  return all;
}

/** The next so many steps of all series, from a time on. */
export function nextPoints(all: readonly Source[], fromMs: number, steps: number): SelectedSeries[] {
  const jitter = Array.from({ length: steps }, () => Math.floor(random() * 20));
  return all.map(({ labels, next }) => ({
    labels,
    times: Float64Array.from(jitter, (more, i) => fromMs + i * STEP_MS + more),
    values: Float64Array.from(jitter, next),
  }));
}

export function logLine(i: number, atMs: number): LogLine {
  const user = Math.floor(random() * 50_000);
  const ms = Math.floor(random() * 400);
  const bodies = [
    `charge ${FREQUENT_WORD} for order ${100_000 + i} in ${ms} ms`,
    `GET /v1/orders/${100_000 + i}?expand=lines answered 200 after ${ms} ms, ${Math.floor(random() * 9_000)} bytes`,
    `retrying the call of tax.v1/rates, attempt ${1 + (i % 3)}, because the peer did not answer within 250 ms`,
    `user ${user} signed in from 10.${i % 256}.${user % 256}.7`,
  ];
  return {
    atMs,
    severity: random() < 0.02 ? 17 : 9,
    body: bodies[i % 4]!,
    service: `service-${i % 5}`,
    attributes: { requestId: randomHex(8), user: String(user), 'http.route': '/v1/orders/:id' },
    ...(i % 2 === 1 && { traceId: randomHex(32), spanId: randomHex(16) }),
  };
}

export function needle(atMs: number): LogLine {
  return { atMs, severity: 9, body: `needle ${NEEDLE}`, service: 'service-1', attributes: {} };
}

export function traceId(trace: number): string {
  return (Math.imul(trace + 1, 2_654_435_761) >>> 0).toString(16).padStart(32, '7');
}

export function spansOfTrace(trace: number, atMs: number): SpanRecord[] {
  const root = randomHex(16);
  return Array.from({ length: SPANS_PER_TRACE }, (_, span) => ({
    traceId: traceId(trace),
    spanId: span === 0 ? root : randomHex(16),
    ...(span > 0 && { parentId: root }),
    name: ['GET /v1/orders/:id', 'tax.v1/rates', 'SELECT orders', 'acquirer.charge'][span % 4]!,
    kind: span % 2 === 1 ? 'client' : 'server',
    service: `service-${span % 5}`,
    startNs: BigInt(Math.floor(atMs)) * NS_PER_MS + BigInt(Math.floor(random() * 1e6)),
    durationNs: Math.floor(random() * 2e7),
    status: random() < 0.01 ? 'error' : 'unset',
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': '200',
      'server.address': `10.0.0.${span}`,
      'user.id': String(Math.floor(random() * 1e5)),
    },
    events: [],
    links: [],
  }));
}
