/** The address as state: pages read their path and query from it and write them to it. */
import { useEffect, useMemo, useState } from 'preact/hooks';

const CHANGED = 'palantir:location';

export interface Location {
  readonly path: string;
  readonly query: URLSearchParams;
}

export function useLocation(): Location {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const changed = (): void => setHref(location.href);
    addEventListener('popstate', changed);
    addEventListener(CHANGED, changed);
    // Somebody may have gone on since this was drawn and before it listened.
    changed();
    return () => {
      removeEventListener('popstate', changed);
      removeEventListener(CHANGED, changed);
    };
  }, []);
  return useMemo(() => {
    const { pathname, searchParams } = new URL(href);
    return { path: pathname, query: searchParams };
  }, [href]);
}

/** Goes to a page of ours. @param replace leaves no way back to the one before, for what changes while somebody types. */
export function go(to: string, replace = false): void {
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  dispatchEvent(new Event(CHANGED));
}

/** The same page with some of its query changed; undefined takes one out. */
export function withQuery(changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return text ? `${location.pathname}?${text}` : location.pathname;
}
