/** Which page a path shows. Each page's script is loaded when it is asked for first. Paths and their queries hold the whole state
 * of a page, so that any link can be sent to somebody. */
import { type ComponentType, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import './shared/theme.css';
import { useLocation } from './shared/location.ts';
import { Page } from './shared/page.tsx';

type Load = () => Promise<{ default: ComponentType }>;

/** A page whose script cannot be loaded, since the server restarts or has a newer build, is loaded anew as soon as the server answers. */
const RETRY_MS = 5_000;

const PAGES: readonly (readonly [path: RegExp, load: Load])[] = [
  [/^\/tv$/, () => import('./wall/wall-page.tsx')],
  [/^\/(swarm)?$/, () => import('./swarm/swarm-page.tsx')],
  [/^\/explore(\/|$)/, () => import('./explore/explore-page.tsx')],
];

function App() {
  const { path } = useLocation();
  const load = PAGES.find(([pattern]) => pattern.test(path))?.[1];
  const [isLost, setLost] = useState(false);
  const [shown, setShown] = useState<{ load: Load; page: ComponentType }>();
  useEffect(() => {
    if (!load) return;
    // Who goes on before a page is loaded is not taken back to it.
    let isLeft = false;
    load().then(
      ({ default: page }) => isLeft || setShown({ load, page }),
      () => isLeft || setLost(true),
    );
    return () => {
      isLeft = true;
    };
  }, [load]);
  useEffect(() => {
    if (!isLost) return;
    const timer = setInterval(() => {
      fetch(location.href).then(
        ({ ok }) => ok && location.reload(),
        () => {},
      );
    }, RETRY_MS);
    return () => clearInterval(timer);
  }, [isLost]);
  if (isLost) return <Page title="Not loaded">The server does not answer. It is asked again by itself.</Page>;
  if (!load) return <Page title="Nothing here">There is no page {path}.</Page>;
  if (shown?.load !== load) return null;
  const Shown = shown.page;
  return <Shown />;
}

render(<App />, document.getElementById('root')!);
