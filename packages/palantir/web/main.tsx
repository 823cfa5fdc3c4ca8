/** Which page a path shows. Each page's script is loaded when it is asked for first. Paths and their queries hold the whole state
 * of a page, so that any link can be sent to somebody. */
import { type ComponentType, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './shared/theme.css';
import { Page } from './shared/page.tsx';
import { useLocation } from './shared/location.ts';

type Load = () => Promise<{ default: ComponentType }>;

const PAGES: readonly (readonly [path: RegExp, load: Load])[] = [
  [/^\/tv$/, () => import('./wall/wall-page.tsx')],
  [/^\/(swarm)?$/, () => import('./swarm/swarm-page.tsx')],
  [/^\/explore(\/|$)/, () => import('./explore/explore-page.tsx')],
];

function App() {
  const { path } = useLocation();
  const load = PAGES.find(([pattern]) => pattern.test(path))?.[1];
  const [shown, setShown] = useState<{ load: Load; page: ComponentType }>();
  useEffect(() => {
    if (load) void load().then(({ default: page }) => setShown({ load, page }));
  }, [load]);
  if (!load) return <Page title="Nothing here">There is no page {path}.</Page>;
  if (shown?.load !== load) return null;
  const Shown = shown.page;
  return <Shown />;
}

render(<App />, document.getElementById('root')!);
