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
  ['/explore/work', 'Work'],
  ['/tv', 'Wall'],
] as const;

interface Props {
  readonly title: string;
  /** Beside the title. */
  readonly actions?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function Page({ title, actions, children }: Props) {
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
        <div class="title">
          <h1>{title}</h1>
          {actions}
        </div>
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
  scrollTo(0, 0);
}
