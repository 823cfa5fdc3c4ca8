/** All that is known of a span: times, status, attributes, events, links and the lines that were logged in it. */
import type { LogLine } from '../../../src/model.ts';
import { clockTime, duration } from '../../shared/format.ts';
import { go, withQuery } from '../../shared/location.ts';
import { Attributes, Panel } from '../parts/panel.tsx';
import { levelOf } from '../parts/severity.ts';
import { StateWord } from '../parts/state-word.tsx';
import type { Span, Trace } from './trace.ts';

export function SpanPanel({ trace, span, lines }: { trace: Trace; span: Span; lines: readonly LogLine[] }) {
  const { service, name, kind, status, statusMessage, attributes, events, links } = span.sent;
  const own = lines.filter(({ spanId }) => spanId === span.id);
  return (
    <Panel title={name} onClose={() => go(withQuery({ span: undefined }))}>
      <p class="links">
        <a href={`/explore/services/${encodeURIComponent(service)}`}>{service}</a>
        <span class="quiet">{kind}</span>
        {status !== 'unset' && <StateWord word={status} />}
      </p>
      {statusMessage && <p class="is-down">{statusMessage}</p>}
      <dl class="attributes">
        <div>
          <dt>took</dt>
          <dd>{duration(span.endMs - span.startMs)}</dd>
        </div>
        <div>
          <dt>began after</dt>
          <dd>{duration(span.startMs)}</dd>
        </div>
        <div>
          <dt>span</dt>
          <dd>
            <code>{span.id}</code>
          </dd>
        </div>
      </dl>
      <h3>Attributes</h3>
      <Attributes of={attributes} />
      {own.length > 0 && (
        <>
          <h3>Log lines</h3>
          <ol class="panel-lines">
            {own.map((line, index) => (
              <li key={index}>
                <span class={`level level-${levelOf(line.severity)}`}>{levelOf(line.severity)}</span>{' '}
                <span class="quiet">{clockTime(line.atMs)}</span>
                <pre>{line.body}</pre>
              </li>
            ))}
          </ol>
        </>
      )}
      {events.length > 0 && (
        <>
          <h3>Events</h3>
          <ol class="panel-lines">
            {events.map((event) => (
              <li key={`${event.atNs} ${event.name}`}>
                <b>{event.name}</b>{' '}
                <span class="quiet">after {duration(Number(BigInt(event.atNs) - trace.beganNs) / 1e6)}</span>
                <Attributes of={event.attributes} />
              </li>
            ))}
          </ol>
        </>
      )}
      {links.length > 0 && (
        <>
          <h3>Links</h3>
          <ul>
            {links.map(({ traceId, spanId }) => (
              <li key={`${traceId} ${spanId}`}>
                <a href={`/explore/traces/${traceId}?span=${spanId}`}>{traceId}</a>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
