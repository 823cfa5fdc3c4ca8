/** Changes, newest first. */
import type { Change } from '../../../src/changes/change.ts';
import { clockTime } from '../../shared/format.ts';
import { moveThroughItems } from '../parts/arrow-keys.ts';

const SIGNS: Readonly<Record<Change['kind'], string>> = {
  deploy: '⇧',
  rollback: '⇩',
  flag: '⚑',
  configuration: '⚙',
  scale: '⇔',
  restart: '↻',
  rules: '≡',
  fault: '⚡',
  data: '⛁',
};

export function ChangeList({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return <p class="quiet">none in this range</p>;
  return (
    <ol class="moments" onKeyDown={moveThroughItems}>
      {changes.map(({ id, atMs, kind, title, detail, author, service }) => (
        <li key={id}>
          <time dateTime={new Date(atMs).toISOString()}>{clockTime(atMs)}</time>
          <span class="kind">
            <span aria-hidden="true">{SIGNS[kind]}</span> {kind}
          </span>
          <span>
            {service !== undefined ? (
              <a href={`/explore/services/${encodeURIComponent(service)}`} data-item>
                {title}
              </a>
            ) : (
              title
            )}
            {(detail ?? author) && (
              <small class="about">{[detail, author && `by ${author}`].filter(Boolean).join(' · ')}</small>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
