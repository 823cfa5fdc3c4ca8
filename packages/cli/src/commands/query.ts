/** `goblin query <promql>` */
import { milliseconds } from '@goblin/core';
import { type CommandContext, UsageError } from '../command.ts';
import { palantirClient } from '../services/palantir-client.ts';
import { coloursFor } from '../terminal/colours.ts';
import { sparkline } from '../terminal/sparkline.ts';
import { columns } from '../terminal/text.ts';

type Point = readonly [seconds: number, value: string];

interface Answer {
  readonly data: {
    readonly resultType: 'vector' | 'matrix' | 'scalar' | 'string';
    readonly result: unknown;
  };
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

const DEFAULT_WIDTH = 60;
const MIN_STEP_MS = 1_000;

export async function run(context: CommandContext): Promise<void> {
  const [query, ...more] = context.positionals;
  if (query === undefined || more.length > 0)
    throw new UsageError(`write one query in quotes: goblin query 'up'`);
  const since = context.text('since');
  const palantir = await palantirClient(context);
  const { data } =
    since === undefined
      ? await palantir.get<Answer>('/api/v1/query', { query })
      : await palantir.get<Answer>('/api/v1/query_range', { query, ...rangeOf(since, context.text('step')) });
  if (context.flag('json')) return context.printJson(data);
  if (data.resultType === 'scalar' || data.resultType === 'string')
    return context.print((data.result as Point)[1]);
  const series = data.result as readonly Series[];
  if (series.length === 0) return context.print('nothing matches');
  const { dim } = coloursFor(context.io.stdout, context.io.env);
  context.print(columns(series.map((one) => [nameOf(one.metric), ...cellsOf(one, dim)])));
}

function rangeOf(since: string, step: string | undefined): Record<string, string> {
  const now = Date.now();
  const spanMs = milliseconds(since);
  const stepMs = step === undefined ? Math.max(MIN_STEP_MS, spanMs / DEFAULT_WIDTH) : milliseconds(step);
  return {
    start: String((now - spanMs) / 1_000),
    end: String(now / 1_000),
    step: String(stepMs / 1_000),
  };
}

/** `requests_total{service="tax"}` */
function nameOf({ __name__: name = '', ...labels }: Series['metric']): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length > 0 ? `${name}{${pairs.join(', ')}}` : name || '{}';
}

function cellsOf({ value, values }: Series, dim: (text: string) => string): string[] {
  if (value) return [value[1]];
  const numbers = values!.map(([, text]) => Number(text));
  const known = numbers.filter(Number.isFinite);
  return [
    sparkline(numbers),
    values!.at(-1)![1],
    dim(`${Math.min(...known).toPrecision(3)} … ${Math.max(...known).toPrecision(3)}`),
  ];
}
