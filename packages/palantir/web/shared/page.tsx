/** The frame of all pages but the wall: where one can go, and what one looks at. Links within are followed without loading. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { go, useLocation } from './location.ts';

const PLACES = [
  ['/', 'Swarm'],
  ['/explore/services', 'Services'],
  ['/explore/logs', 'Logs'],
  ['/explore/traces', 'Traces'],
  ['/explore/metrics', 'Metrics'],
  ['/explore/errors', 'Errors'],
  ['/explore/alerts', 'Alerts'],
  ['/explore/incidents', 'Incidents'],
  ['/explore/changes', 'Changes'],
  ['/tv', 'Wall'],
] as const;

export function Page({ title, children }: { title: string; children?: ComponentChildren }) {
  const { path } = useLocation();
  useEffect(() => {
    document.title = `${title} · Palantir`;
  }, [title]);
  const isAt = (to: string): boolean => (to === '/' ? path === '/' || path === '/swarm' : path.startsWith(to));
  return (
    <div class="page" onClick={follow}>
      <header class="bar">
        <nav aria-label="Pages">
          {PLACES.map(([to, name]) => (
            <a key={to} href={to} aria-current={isAt(to) ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
      </header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}

/** A plain click on a link of ours stays in this document. */
function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest('a');
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (link.pathname.startsWith('/palantir/') || link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  go(link.href);
}
