/** What completes a PromQL query: names of metrics, labels and their values from the server, and the functions of the language. */
import { AGGREGATIONS, SIGNATURES } from '../../../src/query/promql/signatures.ts';
import { ask } from '../../shared/server.ts';
import type { Suggest, Suggestion } from '../parts/completion.tsx';
import { type Cursor, cursorOf } from './promql-cursor.ts';

const KEPT_MS = 60_000;
const MAX_KEPT = 200;

const FUNCTIONS: readonly Suggestion[] = [
  ...[...AGGREGATIONS].map((text) => ({ text, kind: 'aggregation', insert: `${text}(` })),
  ...Object.keys(SIGNATURES).map((text) => ({ text, kind: 'function', insert: `${text}(` })),
];

const kept = new Map<string, { readonly atMs: number; readonly values: Promise<readonly string[]> }>();

export const suggest: Suggest = async (text, caret) => {
  const cursor = cursorOf(text, caret);
  if (!cursor) return undefined;
  const all = await candidates(cursor);
  const items = bestOf(all, cursor.prefix);
  // What is written in full needs no completion.
  if (items.length === 1 && items[0]!.text === cursor.prefix) return undefined;
  return { from: cursor.from, to: cursor.to, items };
};

async function candidates({ wanted }: Cursor): Promise<readonly Suggestion[]> {
  switch (wanted.kind) {
    case 'name': {
      const metrics = await listed('/api/v1/label/__name__/values');
      return [...metrics.map((text) => ({ text, kind: 'metric' })), ...FUNCTIONS];
    }
    case 'label': {
      const labels = await listed(`/api/v1/labels${matching(wanted.metric)}`);
      return labels.filter((text) => text !== '__name__').map((text) => ({ text, kind: 'label' }));
    }
    case 'value': {
      const values = await listed(
        `/api/v1/label/${encodeURIComponent(wanted.label)}/values${matching(wanted.metric)}`,
      );
      return values.map((text) => ({ text, kind: 'value', insert: JSON.stringify(text).slice(1, -1) }));
    }
  }
}

/** Those that begin with it first, then those that have it somewhere. */
function bestOf(all: readonly Suggestion[], prefix: string): Suggestion[] {
  const wanted = prefix.toLowerCase();
  const [begin, within]: [Suggestion[], Suggestion[]] = [[], []];
  for (const item of all) {
    const at = item.text.toLowerCase().indexOf(wanted);
    if (at === 0) begin.push(item);
    else if (at > 0) within.push(item);
  }
  return [...begin, ...within];
}

function matching(metric: string): string {
  return metric === '' ? '' : `?match[]=${encodeURIComponent(metric)}`;
}

function listed(path: string): Promise<readonly string[]> {
  const now = Date.now();
  const known = kept.get(path);
  if (known && now - known.atMs < KEPT_MS) return known.values;
  const values = ask<{ data: string[] }>(path).then(({ data }) => data);
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(path, { atMs: now, values });
  values.catch(() => kept.delete(path));
  return values;
}
