/** Rules, objectives and metric templates as they stand in a file. */
import type { Severity } from '../../alerts/alert.ts';
import type { Labels, Matcher } from '../../model.ts';
import { list, object, optional, record, required } from '../shape/collections.ts';
import { template } from '../shape/placeholders.ts';
import { selector } from '../shape/queries.ts';
import { choice, duration, numberIn, text, url, wholeNumber } from '../shape/scalars.ts';
import { placed, refined, type Shape } from '../shape/shape.ts';
import type { Placed } from '../shape/spot.ts';
import { described } from '../yaml/node.ts';
import { fillings, labels, NAME, name, title } from './common.ts';

export const SEVERITIES: readonly Severity[] = ['page', 'ticket', 'info'];
export const NO_DATA: readonly NoData[] = ['keep', 'ok', 'alert'];
const LOG_LEVELS: Readonly<Record<LogLevel, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type NoData = 'ok' | 'alert' | 'keep';

export interface WrittenMetric {
  readonly expression: Placed<string>;
  readonly description?: string;
}

export interface WrittenCount {
  readonly where?: readonly Matcher[];
  readonly words?: readonly string[];
  readonly level?: number;
  readonly by?: readonly string[];
  readonly atLeast: number;
  readonly within: number;
}

/** What all rules have, whatever their condition. Durations are in milliseconds. */
export interface WrittenWords {
  readonly severity?: Severity;
  readonly for?: number;
  readonly keepFor?: number;
  readonly labels?: Labels;
  readonly summary?: Placed<string>;
  readonly description?: Placed<string>;
  readonly runbook?: string;
}

export interface WrittenRule extends WrittenWords {
  readonly name: Placed<string>;
  readonly expression?: Placed<string>;
  readonly use?: Placed<string>;
  readonly count?: WrittenCount;
  readonly firstSeen?: { readonly where?: readonly Matcher[] };
  readonly with?: Placed<Labels>;
  readonly forEach?: readonly string[];
  readonly above?: Placed<number>;
  readonly below?: Placed<number>;
  readonly noData?: Placed<NoData>;
}

export interface WrittenSlo extends WrittenWords {
  readonly name: Placed<string>;
  /** From 0 to 1. */
  readonly objective: number;
  readonly errorShare: Placed<string>;
  readonly with?: Placed<Labels>;
  readonly forEach?: readonly string[];
}

export interface WrittenOverride extends WrittenWords {
  readonly expression?: Placed<string>;
  readonly threshold?: Placed<number>;
  readonly noData?: Placed<NoData>;
}

const level: Shape<number> = refined(
  choice(Object.keys(LOG_LEVELS) as LogLevel[]),
  (word) => LOG_LEVELS[word],
);

const words = {
  severity: optional(
    choice(SEVERITIES),
    'page wakes somebody, ticket is for working hours, info is shown only. Default: ticket',
  ),
  for: optional(duration('5m'), 'It has to hold for so long before it fires. Default: it fires at once'),
  keepFor: optional(duration('5m'), 'It has to be gone for so long before it is resolved. Default: 0s'),
  labels: optional(labels, 'Added to those of the series'),
  summary: optional(
    placed(template),
    'One line; {{ service }} stands for a label, {{ value }} for the value. Default: the name',
  ),
  description: optional(placed(template), 'What it means and what to look at first'),
  runbook: optional(url(), 'Where it is written what to do'),
};
const forEach = optional(
  list(name, { atLeast: 1 }),
  'One for each of these services: {{ service }} stands for its name',
);
const noData = optional(
  placed(choice(NO_DATA)),
  'When there is no data: keep the alert as it is, take it for ok, or alert. Default: keep',
);

const count: Shape<WrittenCount> = object<WrittenCount>({
  where: optional(selector, 'Labels of the lines, such as {service="tax"}. Default: all'),
  words: optional(list(text('timeout'), { atLeast: 1, atMost: 20 }), 'Words that a line has, all of them'),
  level: optional(level, 'Only lines of this level and above. Default: all'),
  by: optional(list(name, { atMost: 10 }), 'Counted apart by these attributes. Default: service'),
  atLeast: required(wholeNumber(1, 1_000_000), 'So many lines'),
  within: required(duration('5m'), 'In so long'),
});

const firstSeen: Shape<{ readonly where?: readonly Matcher[] }> = object<{
  readonly where?: readonly Matcher[];
}>({
  where: optional(selector, 'Labels of the error, such as {service="tax"}. Default: all'),
});

export const rule: Shape<WrittenRule> = object<WrittenRule>(
  {
    name: required(
      placed(title),
      'Unique; a rule for each service has {{ service }} in it, or it is appended',
    ),
    expression: optional(placed(template), 'PromQL: an alert for each series that it gives'),
    use: optional(placed(name), 'The name of a metric template, instead of expression'),
    count: optional(count, 'So many log lines within a time'),
    firstSeen: optional(firstSeen, 'An error that was never seen before, or came back'),
    with: optional(placed(fillings), 'Values for the placeholders of the expression'),
    forEach,
    above: optional(placed(numberIn()), 'It fires while the expression is greater'),
    below: optional(placed(numberIn()), 'It fires while the expression is less'),
    noData,
    ...words,
  },
  { oneOf: ['expression', 'use', 'count', 'firstSeen'] },
);

/** `99.9%`, or 0.999. */
const objective: Shape<number> = {
  schema: {
    anyOf: [
      { type: 'string', pattern: '^\\d{1,2}(\\.\\d+)?%$' },
      { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
    ],
  },
  read(spot) {
    const value = spot.node.kind === 'scalar' ? spot.node.value : undefined;
    const percent = typeof value === 'string' ? /^(\d{1,2}(?:\.\d+)?)%$/.exec(value) : null;
    const share = percent ? Number((Number(percent[1]) / 100).toFixed(10)) : value;
    if (typeof share === 'number' && share > 0 && share < 1) return share;
    return spot.wrong(`write a share such as 99.9% or 0.999, not ${described(spot.node)}`);
  },
};

export const slo: Shape<WrittenSlo> = object<WrittenSlo>({
  name: required(placed(title), 'Unique among rules and objectives'),
  objective: required(objective, 'The share that has to be good: 99.9%'),
  errorShare: required(
    placed(template),
    'PromQL from 0 to 1 for the share that is bad, with $window as its range: rate(x[$window])',
  ),
  with: optional(placed(fillings), 'Values for the placeholders of errorShare'),
  forEach,
  ...words,
  severity: optional(choice(SEVERITIES), 'Of the fastest burn; slower ones weigh less. Default: page'),
});

export const metrics: Shape<Readonly<Record<string, Placed<WrittenMetric>>>> = record(
  placed(
    object<WrittenMetric>({
      expression: required(placed(template), 'PromQL with placeholders such as {{ service }}'),
      description: optional(text(), 'What it says'),
    }),
  ),
  { keyPattern: NAME, keys: 'the name of a metric template, such as error_share' },
);

export const overrides: Shape<Readonly<Record<string, Placed<WrittenOverride>>>> = record(
  placed(
    object<WrittenOverride>({
      ...words,
      expression: optional(placed(text()), 'Other PromQL'),
      threshold: optional(placed(numberIn()), 'The number that its expression is compared with'),
      noData,
    }),
  ),
);
