/** Prometheus' HTTP API over the store, so that Grafana and everything else that speaks it can ask. Parameters come in the query
 * or, by POST, in a form. What is wrong with a question is answered as Prometheus does: `bad_data` with a sentence. */
import { GoblinError, type Route } from '@goblin/core';
import type { Labels, Matcher } from '../model.ts';
import { formatFloat } from '../query/promql/aggregations.ts';
import { type QueryResult, queryInstant, queryRange } from '../query/promql/engine.ts';
import { parse, parseSelector } from '../query/promql/parser.ts';
import { selectorsOf } from '../query/promql/selectors.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import type { SeriesExemplars } from '../store/metrics/exemplar-select.ts';
import { durationOf, rangeOf, timeOf } from './times.ts';

const MAX_FORM_BYTES = 1_000_000;
/** A question without times is about the last so long. */
const DEFAULT_REACH_MS = 12 * 3_600_000;

/** What the API asks of the store. */
export interface MetricsIndex extends SeriesSource {
  labelNames(matchers: readonly Matcher[], fromMs: number, toMs: number): Promise<readonly string[]>;
  labelValues(
    label: string,
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
  ): Promise<readonly string[]>;
  series(matchers: readonly Matcher[], fromMs: number, toMs: number): Promise<readonly Labels[]>;
  exemplars(
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    signal?: AbortSignal,
  ): Promise<readonly SeriesExemplars[]>;
}

type Routes = Readonly<Record<string, Route<unknown>>>;
type Answer = (
  params: URLSearchParams,
  request: Request,
  path: Readonly<Record<string, string>>,
) => Promise<unknown>;

export function prometheusRoutes(metrics: MetricsIndex): Routes {
  const within = (params: URLSearchParams): [fromMs: number, toMs: number] => {
    const { fromMs, toMs } = rangeOf(params, DEFAULT_REACH_MS);
    return [fromMs, toMs];
  };
  const selections = (params: URLSearchParams): (readonly Matcher[])[] =>
    params.getAll('match[]').map((selector) => parseSelector(selector).matchers);

  /** Of all selections, or of everything where none is given. */
  async function merged<T>(
    params: URLSearchParams,
    ask: (matchers: readonly Matcher[], fromMs: number, toMs: number) => Promise<readonly T[]>,
  ): Promise<T[]> {
    const given = selections(params);
    const found = await Promise.all(
      (given.length > 0 ? given : [[]]).map((matchers) => ask(matchers, ...within(params))),
    );
    return found.flat();
  }

  const query: Answer = async (params, { signal }) => {
    const atMs = timeOf(params, 'time') ?? Date.now();
    return dataOf(
      await queryInstant(metrics, required(params, 'query'), atMs, { signal, ...timeoutOf(params) }),
      atMs,
    );
  };
  const range: Answer = async (params, { signal }) => {
    const [fromMs, toMs] = [timeOf(params, 'start'), timeOf(params, 'end')];
    if (fromMs === undefined || toMs === undefined) throw invalid('start and end are needed');
    const stepMs = durationOf(params, 'step');
    if (stepMs === undefined) throw invalid('step is needed: seconds, or a duration such as 15s');
    const span = { fromMs, toMs, stepMs };
    return dataOf(
      await queryRange(metrics, required(params, 'query'), span, { signal, ...timeoutOf(params) }),
      toMs,
    );
  };
  const labels: Answer = async (params) => distinct(await merged(params, metrics.labelNames));
  const values: Answer = async (params, _request, { name = '' }) =>
    distinct(await merged(params, (...asked) => metrics.labelValues(name, ...asked)));
  const series: Answer = async (params) => {
    if (!params.has('match[]')) throw invalid('match[] is needed: a selector such as up{job="tax"}');
    return merged(params, metrics.series);
  };

  /** Of all series that the query reads. */
  const exemplars: Answer = async (params, { signal }) => {
    const [fromMs, toMs] = within(params);
    const selectors = selectorsOf(parse(required(params, 'query')));
    const found = await Promise.all(
      selectors.map(({ matchers }) => metrics.exemplars(matchers, fromMs, toMs, signal)),
    );
    const once = new Map(found.flat().map((one) => [JSON.stringify(one.series), one]));
    return Array.from(once.values(), exemplarsView);
  };

  return {
    ...both('/api/v1/query', query),
    ...both('/api/v1/query_exemplars', exemplars),
    ...both('/api/v1/query_range', range),
    ...both('/api/v1/labels', labels),
    ...both('/api/v1/series', series),
    'GET /api/v1/label/:name/values': answered(values),
    'GET /api/v1/metadata': answered(async () => ({})),
    'GET /api/v1/status/buildinfo': answered(async () => ({
      version: '2.42.0',
      application: 'goblin palantir',
    })),
  };
}

function both(path: string, answer: Answer): Routes {
  return { [`GET ${path}`]: answered(answer), [`POST ${path}`]: answered(answer) };
}

function answered(answer: Answer): Route<unknown> {
  return async (request, _call, path) => {
    try {
      const data = await answer(await parametersOf(request), request, path);
      return Response.json({ status: 'success', data });
    } catch (error) {
      const [status, errorType] = errorOf(error);
      return Response.json({ status: 'error', errorType, error: (error as Error).message }, { status });
    }
  };
}

function errorOf(error: unknown): [status: number, errorType: string] {
  switch (error instanceof GoblinError ? error.code : undefined) {
    case 'INVALID_INPUT':
      return [400, 'bad_data'];
    case 'RESOURCE_EXHAUSTED':
      return [422, 'execution'];
    case 'DEADLINE_EXCEEDED':
      return [503, 'timeout'];
    default:
      return [500, 'internal'];
  }
}

async function parametersOf(request: Request): Promise<URLSearchParams> {
  const params = new URL(request.url).searchParams;
  if (request.method !== 'POST') return params;
  const form = await request.text();
  if (form.length > MAX_FORM_BYTES) throw invalid(`a form has at most ${MAX_FORM_BYTES} bytes`);
  for (const [name, value] of new URLSearchParams(form)) params.append(name, value);
  return params;
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}

function required(params: URLSearchParams, name: string): string {
  const value = params.get(name);
  if (!value) throw invalid(`${name} is needed`);
  return value;
}

function timeoutOf(params: URLSearchParams): { timeoutMs?: number } {
  const timeoutMs = durationOf(params, 'timeout');
  return timeoutMs === undefined ? {} : { timeoutMs };
}

function exemplarsView({ series, exemplars }: SeriesExemplars): object {
  return {
    seriesLabels: series,
    exemplars: exemplars.map(({ labels, value, atMs }) => ({
      labels,
      value: formatFloat(value),
      timestamp: atMs / 1_000,
    })),
  };
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function dataOf({ type, series, text }: QueryResult, atMs: number): { resultType: string; result: unknown } {
  const point = ([ms, value]: readonly [number, number]): [number, string] => [
    ms / 1_000,
    formatFloat(value),
  ];
  switch (type) {
    case 'string':
      return { resultType: type, result: [atMs / 1_000, text] };
    case 'scalar':
      return { resultType: type, result: point(series[0]!.points[0]!) };
    case 'vector':
      return {
        resultType: type,
        result: series.map(({ labels, points }) => ({ metric: labels, value: point(points[0]!) })),
      };
    case 'matrix':
      return {
        resultType: type,
        result: series.map(({ labels, points }) => ({ metric: labels, values: points.map(point) })),
      };
  }
}
