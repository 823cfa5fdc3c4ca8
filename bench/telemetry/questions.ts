/** Questions to the servers, and how long they take: until the first bytes of the answer, and until its end. */
import { GAUGE, HISTOGRAM, NEEDLE, STEP_MS, traceId } from './data.ts';
import type { Server } from './servers.ts';

export interface Asked {
  /** Milliseconds. */
  readonly firstMs: number;
  readonly wholeMs: number;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_S = 60;
const P95_OF_HISTOGRAM = `histogram_quantile(0.95, sum by (le) (rate(${HISTOGRAM}_bucket[1m])))`;
/** Of all samples of a minute, per series; their mean, so that the answer is small. */
const P95_OF_SAMPLES = `avg(quantile_over_time(0.95, ${GAUGE}[1m]))`;

export function p95OfHistogram(server: Server, span: Span): Promise<Asked> {
  return promql(server, P95_OF_HISTOGRAM, span);
}

export function p95OfSamples(server: Server, span: Span): Promise<Asked> {
  return promql(server, P95_OF_SAMPLES, span);
}

/** The same in InfluxQL. */
export function p95ByInfluxQl(server: Server, { fromMs, toMs }: Span): Promise<Asked> {
  const within = `time >= ${fromMs}ms AND time < ${toMs}ms`;
  const perSeries = `SELECT percentile("value", 95) AS p FROM "${GAUGE}" WHERE ${within} GROUP BY time(1m), *`;
  const q = `SELECT mean(p) FROM (${perSeries}) WHERE ${within} GROUP BY time(1m)`;
  return ask(server, `/query?${new URLSearchParams({ db: 'bench', epoch: 'ms', q })}`);
}

export function traceById(server: Server, trace: number): Promise<Asked> {
  return ask(server, `/palantir/traces/${traceId(trace)}`);
}

/** Through all lines: the one that has it is the oldest. */
export function searchRareWord(server: Server, span: Span): Promise<Asked> {
  return search(server, NEEDLE, span);
}

/** The newest thousand of very many. */
export function searchFrequentWord(server: Server, span: Span, word: string): Promise<Asked> {
  return search(server, word, span);
}

function search(server: Server, word: string, { fromMs, toMs }: Span): Promise<Asked> {
  const params = { query: `{} |= word("${word}")`, start: String(fromMs / 1_000), end: String(toMs / 1_000) };
  return ask(server, `/palantir/logs?${new URLSearchParams(params)}`);
}

function promql(server: Server, query: string, { fromMs, toMs }: Span): Promise<Asked> {
  const params = {
    query,
    start: String((fromMs + MINUTE_S * 1_000) / 1_000),
    end: String((toMs - STEP_MS) / 1_000),
    step: String(MINUTE_S),
    // VictoriaMetrics would answer from memory the second time.
    nocache: '1',
  };
  return ask(server, `/api/v1/query_range?${new URLSearchParams(params)}`);
}

/** @throws where the answer is an error, or empty */
async function ask({ url, headers }: Server, path: string): Promise<Asked> {
  const startedAt = performance.now();
  const response = await fetch(url + path, { headers });
  let firstMs = 0;
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    firstMs ||= performance.now() - startedAt;
    text += decoder.decode(chunk, { stream: true });
  }
  const wholeMs = performance.now() - startedAt;
  if (response.ok && text.length > 0 && !/"(?:result|results)":\[(?:\]|\{"statement_id":0\}\])/.test(text))
    return { firstMs, wholeMs };
  throw new Error(`${path} is answered with ${response.status} ${text.slice(0, 300)}`);
}
