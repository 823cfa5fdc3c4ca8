/** Lines of logs, newest first: each in one row, that unfolds to all that is known of it. */
import { useState } from 'preact/hooks';
import { moveThroughItems } from '../parts/arrow-keys.ts';
import { Attributes } from '../parts/panel.tsx';
import { levelOf } from '../parts/severity.ts';
import type { NumberedLine } from './line-buffer.ts';
import type { Condition } from './log-query.ts';

interface Props {
  readonly lines: readonly NumberedLine[];
  /** Narrows the search; undefined where that cannot be. */
  readonly onFilter?: (condition: Condition) => void;
}

export function LogLines({ lines, onFilter }: Props) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  function toggle(number: number): void {
    const next = new Set(open);
    if (!next.delete(number)) next.add(number);
    setOpen(next);
  }
  return (
    <ol class="log-lines" onKeyDown={moveThroughItems}>
      {lines.map((line) => (
        <Line
          key={line.number}
          line={line}
          isOpen={open.has(line.number)}
          onToggle={toggle}
          onFilter={onFilter}
        />
      ))}
    </ol>
  );
}

interface LineProps {
  readonly line: NumberedLine;
  readonly isOpen: boolean;
  readonly onToggle: (number: number) => void;
  readonly onFilter: Props['onFilter'];
}

function Line({ line, isOpen, onToggle, onFilter }: LineProps) {
  const { atMs, severity, service, body, number } = line;
  const level = levelOf(severity);
  return (
    <li class={isOpen ? 'is-open' : ''}>
      <button
        type="button"
        class="log-line"
        data-item
        aria-expanded={isOpen}
        onClick={() => onToggle(number)}
      >
        <time dateTime={new Date(atMs).toISOString()}>{lineTime(atMs)}</time>
        <span class={`level level-${level}`}>{level}</span>
        <span class="log-service">{service}</span>
        <span class="log-body">{body}</span>
      </button>
      {isOpen && <Detail line={line} onFilter={onFilter} />}
    </li>
  );
}

function Detail({ line, onFilter }: { line: NumberedLine; onFilter: Props['onFilter'] }) {
  const { atMs, body, traceId, spanId, service, severity, attributes } = line;
  const actions = (name: string, value: string) => (
    <>
      <button
        type="button"
        onClick={() => onFilter?.({ name, op: '=', value })}
        title="Only lines with this value"
      >
        only
      </button>
      <button
        type="button"
        onClick={() => onFilter?.({ name, op: '!=', value })}
        title="Only lines without this value"
      >
        not
      </button>
    </>
  );
  return (
    <div class="log-detail">
      <pre>{body}</pre>
      <p class="links">
        <span class="quiet">{new Date(atMs).toISOString()}</span>
        {traceId && <a href={`/explore/traces/${traceId}${spanId ? `?span=${spanId}` : ''}`}>Trace</a>}
        <a href={`/explore/services/${encodeURIComponent(service)}`}>Service {service}</a>
      </p>
      <Attributes of={{ service, level: levelOf(severity), ...attributes }} {...(onFilter && { actions })} />
    </div>
  );
}

/** `14:03:07.123`, with the day before it where that is not today. */
function lineTime(ms: number): string {
  const date = new Date(ms);
  const time = `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? time : `${date.getDate()}.${date.getMonth() + 1}. ${time}`;
}
