/** The functions of PromQL that are known here, by what they take and return. */
import type { ValueType } from './ast.ts';

export interface Signature {
  readonly takes: readonly ValueType[];
  readonly returns: ValueType;
  /** How many of the last may be left out. */
  readonly optional?: number;
  /** The last may come many times, or never. */
  readonly variadic?: boolean;
}

export const AGGREGATIONS: ReadonlySet<string> = new Set([
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'],
  ...['topk', 'bottomk', 'quantile', 'count_values'],
]);

const named = (names: string, signature: Signature): Record<string, Signature> =>
  Object.fromEntries(names.split(' ').map((name) => [name, signature]));

export const SIGNATURES: Readonly<Record<string, Signature>> = Object.assign(
  Object.create(null) as Record<string, Signature>,
  named('rate increase delta irate idelta deriv changes resets', { takes: ['matrix'], returns: 'vector' }),
  named('avg_over_time sum_over_time min_over_time max_over_time count_over_time last_over_time', {
    takes: ['matrix'],
    returns: 'vector',
  }),
  named('present_over_time stddev_over_time stdvar_over_time absent_over_time', {
    takes: ['matrix'],
    returns: 'vector',
  }),
  named('quantile_over_time', { takes: ['scalar', 'matrix'], returns: 'vector' }),
  named('predict_linear', { takes: ['matrix', 'scalar'], returns: 'vector' }),
  named('abs ceil floor exp ln log2 log10 sqrt sgn sin cos tan asin acos atan sinh cosh tanh', {
    takes: ['vector'],
    returns: 'vector',
  }),
  named('asinh acosh atanh deg rad timestamp sort sort_desc absent', {
    takes: ['vector'],
    returns: 'vector',
  }),
  named('round', { takes: ['vector', 'scalar'], returns: 'vector', optional: 1 }),
  named('clamp', { takes: ['vector', 'scalar', 'scalar'], returns: 'vector' }),
  named('clamp_min clamp_max', { takes: ['vector', 'scalar'], returns: 'vector' }),
  named('minute hour day_of_month day_of_week day_of_year days_in_month month year', {
    takes: ['vector'],
    returns: 'vector',
    optional: 1,
  }),
  named('histogram_quantile', { takes: ['scalar', 'vector'], returns: 'vector' }),
  named('label_replace', { takes: ['vector', 'string', 'string', 'string', 'string'], returns: 'vector' }),
  named('label_join', {
    takes: ['vector', 'string', 'string', 'string'],
    returns: 'vector',
    optional: 1,
    variadic: true,
  }),
  named('vector', { takes: ['scalar'], returns: 'vector' }),
  named('scalar', { takes: ['vector'], returns: 'scalar' }),
  named('time pi', { takes: [], returns: 'scalar' }),
);
