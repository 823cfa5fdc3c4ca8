/** The queries of the page as they stand in its address: `q` for each, in order. */

export const MAX_QUERIES = 8;

export function queriesOf(address: URLSearchParams): string[] {
  const queries = address.getAll('q').slice(0, MAX_QUERIES);
  return queries.length > 0 ? queries : [''];
}

/** The address with other queries, and all else as it is. */
export function withQueries(path: string, address: URLSearchParams, queries: readonly string[]): string {
  const next = new URLSearchParams(address);
  next.delete('q');
  for (const query of queries) next.append('q', query);
  if (queries.every((query) => query === '')) next.delete('q');
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}
