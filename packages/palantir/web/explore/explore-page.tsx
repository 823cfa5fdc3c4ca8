/** The pages for finding out: which one a path shows. Each is loaded when it is asked for first. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { go, useLocation } from '../shared/location.ts';
import { Page } from '../shared/page.tsx';
import './explore.css';
import './parts/controls.css';
import './parts/card.css';
import './parts/moments.css';
import './parts/panel.css';
import './parts/text.css';
import './parts/states.css';
import { Shortcuts } from './parts/shortcuts.tsx';

/** `id` is what the path names beyond the page. */
type Shown = ComponentType<{ id: string }>;
type Load = () => Promise<{ default: Shown }>;

const PAGES: readonly (readonly [path: RegExp, load: Load])[] = [
  [/^services$/, () => import('./services/catalogue-page.tsx')],
  [/^services\/([^/]+)$/, () => import('./services/service-page.tsx')],
  [/^logs$/, () => import('./logs/logs-page.tsx')],
  [/^traces$/, () => import('./traces/search-page.tsx')],
  [/^traces\/([^/]+)$/, () => import('./traces/trace-page.tsx')],
  [/^metrics$/, () => import('./metrics/metrics-page.tsx')],
  [/^errors$/, () => import('./errors/errors-page.tsx')],
  [/^errors\/([^/]+)$/, () => import('./errors/error-page.tsx')],
  [/^alerts$/, () => import('./alerts/alerts-page.tsx')],
  [/^incidents$/, () => import('./incidents/incidents-page.tsx')],
  [/^incidents\/([^/]+)$/, () => import('./incidents/incident-page.tsx')],
  [/^changes$/, () => import('./changes/changes-page.tsx')],
  [/^work$/, () => import('./work/work-page.tsx')],
  [/^dashboards$/, () => import('./dashboards/dashboards-page.tsx')],
  [/^dashboards\/([^/]+)$/, () => import('./dashboards/dashboard-page.tsx')],
  [/^slos$/, () => import('./slos/slos-page.tsx')],
  [/^stacks$/, () => import('./stacks/stacks-page.tsx')],
  [/^settings$/, () => import('./settings/settings-page.tsx')],
];

export default function ExplorePage() {
  const rest = useLocation().path.replace(/^\/explore\/?|\/$/g, '');
  const load = PAGES.find(([pattern]) => pattern.test(rest))?.[1];
  const [shown, setShown] = useState<{ load: Load; page: Shown }>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    setError(undefined);
    if (rest === '') go('/explore/services', true);
    if (!load) return;
    // Who goes on before a page is loaded is not taken back to it.
    let isLeft = false;
    load().then(
      ({ default: page }) => isLeft || setShown({ load, page }),
      (failure: Error) => isLeft || setError(failure),
    );
    return () => {
      isLeft = true;
    };
  }, [load, rest]);
  const id = idOf(rest, load);
  const Known = shown?.load === load ? shown?.page : undefined;
  return (
    <>
      {Known && <Known key={id} id={id} />}
      {!load && rest !== '' && <Page title="Nothing here">There is no page {`/explore/${rest}`}.</Page>}
      {error && <Page title="Not loaded">This page could not be loaded: {error.message}</Page>}
      <Shortcuts />
    </>
  );
}

function idOf(rest: string, load: Load | undefined): string {
  const pattern = PAGES.find((page) => page[1] === load)?.[0];
  const found = pattern?.exec(rest)?.[1] ?? '';
  try {
    return decodeURIComponent(found);
  } catch {
    return found;
  }
}
