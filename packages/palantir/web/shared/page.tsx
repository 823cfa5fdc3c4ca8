/** The frame of all pages but the wall: where one can go, and what one looks at. Links within are followed without loading. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useLinks } from './links.ts';
import { useLocation } from './location.ts';
import { SettingsNotice } from './settings-notice.tsx';

const PLACES = [
  ['/', 'Swarm'],
  ['/explore/services', 'Services'],
  ['/explore/logs', 'Logs'],
  ['/explore/traces', 'Traces'],
  ['/explore/metrics', 'Metrics'],
  ['/explore/dashboards', 'Dashboards'],
  ['/explore/errors', 'Errors'],
  ['/explore/alerts', 'Alerts'],
  ['/explore/incidents', 'Incidents'],
  ['/explore/slos', 'SLOs'],
  ['/explore/changes', 'Changes'],
  ['/explore/stacks', 'Stacks'],
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
  useLinks();
  const { path } = useLocation();
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title} · Palantir`;
  }, [title]);
  useEffect(() => {
    // On a phone the pages do not fit beside each other.
    const current = nav.current!.querySelector<HTMLElement>('[aria-current]');
    if (current) nav.current!.scrollLeft = current.offsetLeft - nav.current!.clientWidth / 2;
  }, [path]);
  const isAt = (to: string): boolean =>
    to === '/' ? path === '/' || path === '/swarm' : path.startsWith(to);
  return (
    <div class="page">
      <header class="bar">
        <nav ref={nav} aria-label="Pages">
          {PLACES.map(([to, name]) => (
            <a key={to} href={to} aria-current={isAt(to) ? 'page' : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <SettingsNotice />
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
