/** What was chosen, in words, and where more of it is to be seen. It takes the focus when something is chosen, so that Enter leads on,
 * and gives it back when it is closed. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { age } from '../shared/format.ts';
import type { WallState } from '../shared/live.ts';
import { go, withQuery } from '../shared/location.ts';
import { formatSelection, placesOf, type Selection, serviceOf } from './selection.ts';
import { describe, instanceOf } from './words.ts';

interface Props {
  readonly selection: Selection;
  readonly state: WallState;
  readonly nowMs: number;
}

export function SwarmDetail({ selection, state, nowMs }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const key = formatSelection(selection);
  useLayoutEffect(() => {
    const before = document.activeElement;
    heading.current?.focus({ preventScroll: true });
    const leave = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') go(withQuery({ show: undefined }), true);
    };
    addEventListener('keydown', leave);
    return () => {
      removeEventListener('keydown', leave);
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, [key]);

  const line = describe(selection, state, nowMs);
  const cut = line.indexOf(': ');
  const service = serviceOf(selection);
  const instance = selection.kind === 'instance' ? instanceOf(selection, state) : undefined;
  const change = state.changes.find((one) => one.service !== undefined && one.service === service);
  return (
    <section class="swarm-detail" aria-labelledby="chosen">
      <a class="swarm-close" href={withQuery({ show: undefined })} aria-label="Close">
        ×
      </a>
      <h2 id="chosen" tabIndex={-1} ref={heading}>
        {line.slice(0, cut)}
      </h2>
      <p>{line.slice(cut + 2)}</p>
      {instance && <p class="quiet">Started {age(nowMs - instance.startedAtMs)} ago</p>}
      {change && (
        <p class="quiet">
          Changed {age(nowMs - change.atMs)} ago: {change.title}
        </p>
      )}
      {service !== undefined && (
        <p class="swarm-places">
          {placesOf(service).map(({ name, href }) => (
            <a key={name} href={href}>
              {name}
            </a>
          ))}
        </p>
      )}
    </section>
  );
}
