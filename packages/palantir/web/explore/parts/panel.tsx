/** What is known of the one thing that was chosen: beside the list where there is room, over its lower part on a phone. */
import type { ComponentChildren } from 'preact';
import type { Labels } from '../../../src/model.ts';

export function Panel({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <aside class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button type="button" onClick={onClose} aria-label="Close" title="Close (Esc)" data-close>
          ✕
        </button>
      </header>
      {children}
    </aside>
  );
}

/** Names and values. @param actions what can be done with one of them */
export function Attributes({
  of,
  actions,
}: {
  of: Labels;
  actions?: (name: string, value: string) => ComponentChildren;
}) {
  const entries = Object.entries(of).sort(([one], [other]) => (one < other ? -1 : 1));
  if (entries.length === 0) return <p class="quiet">none</p>;
  return (
    <dl class="attributes">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span>{value}</span>
            {actions && <span class="actions">{actions(name, value)}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
