/** The exemplars of a chart as links: each leads from a value to the trace that made it. */
import { clockTime, several } from '../../shared/format.ts';
import { type Exemplar, nameOf } from '../parts/prometheus.ts';
import { type Unit, written } from '../parts/units.ts';

const MAX_LISTED = 50;

export function Exemplars({ exemplars, unit }: { exemplars: readonly Exemplar[]; unit: Unit }) {
  if (exemplars.length === 0) return null;
  const highest = exemplars.toSorted((one, other) => other.value - one.value).slice(0, MAX_LISTED);
  return (
    <details class="card">
      <summary>
        <span class="exemplar-sign" aria-hidden="true">
          ◆
        </span>{' '}
        {several(exemplars.length, 'exemplar')}: values with their traces
      </summary>
      <ol class="moments">
        {highest.map(({ atMs, value, traceId, labels }) => (
          <li key={`${atMs} ${traceId}`}>
            <time dateTime={new Date(atMs).toISOString()}>{clockTime(atMs)}</time>
            <a href={`/explore/traces/${traceId}`}>
              {written(value, unit === 'perSecond' ? 'seconds' : unit)}
            </a>
            <small class="quiet">{nameOf(labels)}</small>
          </li>
        ))}
      </ol>
    </details>
  );
}
