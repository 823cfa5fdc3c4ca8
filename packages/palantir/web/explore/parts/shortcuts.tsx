/** The keys of all pages here, and the list of them that `?` opens. */
import { useEffect, useRef } from 'preact/hooks';
import './shortcuts.css';
import { go } from '../../shared/location.ts';

const SHORTCUTS = [
  ['/', 'write the query'],
  ['r', 'ask again'],
  ['↑ ↓  or  k j', 'move through a list'],
  ['← →', 'fold and unfold, in a trace'],
  ['Enter', 'open'],
  ['Esc', 'close, or leave the query'],
  ['p', 'pause and go on, in the live tail'],
  ['g then s l t m e a i', 'go to services, logs, traces, metrics, errors, alerts, incidents'],
  ['g then d o c k w', 'go to dashboards, objectives, changes, stacks, work'],
  ['?', 'this list'],
] as const;

const PLACES: Readonly<Record<string, string>> = {
  ...{ s: 'services', l: 'logs', t: 'traces', m: 'metrics', e: 'errors', a: 'alerts', i: 'incidents' },
  ...{ d: 'dashboards', o: 'slos', c: 'changes', k: 'stacks', w: 'work' },
};

export function Shortcuts() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    let before = '';
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      // An open dialog has its own keys.
      if (dialog.current?.open) return;
      const target = event.target as HTMLElement;
      const isWriting = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (isWriting) {
        if (event.key === 'Escape') target.blur();
        return;
      }
      const place = before === 'g' ? PLACES[event.key] : undefined;
      before = event.key;
      if (place) go(`/explore/${place}`);
      else if (event.key === '/') document.querySelector<HTMLInputElement>('[data-query]')?.focus();
      else if (event.key === 'r') document.querySelector<HTMLButtonElement>('[data-renew]')?.click();
      else if (event.key === 'p') document.querySelector<HTMLButtonElement>('[data-pause]')?.click();
      else if (event.key === 'Escape') document.querySelector<HTMLElement>('[data-close]')?.click();
      else if (event.key === '?') dialog.current?.showModal();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <button
        type="button"
        class="help"
        onClick={() => dialog.current?.showModal()}
        aria-label="Keyboard shortcuts"
      >
        ?
      </button>
      <dialog ref={dialog} class="shortcuts" aria-label="Keyboard shortcuts">
        <h2>Keys</h2>
        <dl>
          {SHORTCUTS.map(([keys, meaning]) => (
            <div key={keys}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </dialog>
    </>
  );
}
