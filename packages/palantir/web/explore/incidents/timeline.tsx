/** What happened in an incident, oldest first. */
import type { EntryKind, TimelineEntry } from '../../../src/incidents/incident.ts';
import { clockTime } from '../../shared/format.ts';

const TONES: Partial<Readonly<Record<EntryKind, string>>> = {
  ...{ opened: 'is-down', reopened: 'is-down', joined: 'is-down', error: 'is-down', escalated: 'is-down' },
  ...{ flapping: 'is-degraded', change: 'is-degraded' },
  ...{ 'alert-resolved': 'is-ok', resolved: 'is-ok' },
};

export function Timeline({ entries }: { entries: readonly TimelineEntry[] }) {
  return (
    <ol class="moments timeline">
      {entries.map(({ atMs, kind, text, by, service }, index) => (
        <li key={index}>
          <time dateTime={new Date(atMs).toISOString()}>{clockTime(atMs)}</time>
          <span class={`kind ${TONES[kind] ?? ''}`}>{kind.replace('-', ' ')}</span>
          <span class="entry">
            {text}
            {(by ?? service) && (
              <small class="about">{[by && `by ${by}`, service].filter(Boolean).join(' · ')}</small>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
