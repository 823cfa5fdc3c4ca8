/** A row of the waterfall: a span's place in the tree, and its bar with the critical path and its log lines. */
import type { LogLine } from '../../../src/model.ts';
import { duration } from '../../shared/format.ts';
import type { PathPiece } from './critical-path.ts';
import type { Span, Trace } from './trace.ts';

const MAX_INDENT = 14;

interface Props {
  readonly span: Span;
  readonly place: number;
  readonly total: number;
  readonly colour: string;
  readonly pieces: readonly PathPiece[] | undefined;
  readonly lines: readonly LogLine[] | undefined;
  readonly trace: Trace;
  readonly isFolded: boolean;
  readonly isChosen: boolean;
  readonly share: (ms: number) => number;
  readonly onChoose: (span: Span) => void;
  readonly onToggle: (span: Span, isFolded: boolean) => void;
}

export function SpanRow(props: Props) {
  const { span, place, total, colour, pieces, lines, trace, isFolded, isChosen, share, onChoose, onToggle } =
    props;
  const { service, name, status } = span.sent;
  const isError = status === 'error';
  const isRight = share(span.endMs) > 80;
  const hasChildren = span.children.length > 0;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys
    <div
      id={`span-${span.id}`}
      class={`span-row ${isChosen ? 'is-chosen' : ''}`}
      role="treeitem"
      tabIndex={-1}
      aria-level={span.depth + 1}
      aria-posinset={place}
      aria-setsize={total}
      aria-selected={isChosen}
      aria-expanded={hasChildren ? !isFolded : undefined}
      onClick={() => onChoose(span)}
    >
      <span class="span-name" style={{ paddingLeft: `${Math.min(span.depth, MAX_INDENT) * 12}px` }}>
        {hasChildren ? (
          <span
            class="fold"
            aria-hidden="true"
            onClick={(event) => {
              event.stopPropagation();
              onToggle(span, !isFolded);
            }}
          >
            {isFolded ? '▸' : '▾'}
          </span>
        ) : (
          <span class="fold" />
        )}
        <i style={{ background: `var(${colour})` }} />
        {isError && (
          <span class="is-down">
            <span aria-hidden="true">✕</span>
            <span class="unseen">error</span>
          </span>
        )}
        <b>{service}</b>
        <span>{name}</span>
        {isFolded && <small class="quiet">+{span.descendants}</small>}
      </span>
      <span class="span-time">
        <span
          class={`span-bar ${isError ? 'has-errors' : ''}`}
          style={{
            left: `${share(span.startMs)}%`,
            width: `${share(span.endMs) - share(span.startMs)}%`,
            background: `var(${colour})`,
          }}
        />
        {pieces && <span class="unseen">on the critical path</span>}
        {pieces?.map(({ fromMs, toMs }) => (
          <span
            key={fromMs}
            class="span-path"
            style={{ left: `${share(fromMs)}%`, width: `${share(toMs) - share(fromMs)}%` }}
          />
        ))}
        {lines?.map((line, index) => (
          <span
            key={index}
            class="span-line"
            style={{ left: `${clamp(share(line.atMs - Number(trace.beganNs / 1_000_000n)))}%` }}
          />
        ))}
        <small
          style={isRight ? { right: `${100 - share(span.startMs)}%` } : { left: `${share(span.endMs)}%` }}
        >
          {duration(span.endMs - span.startMs)}
        </small>
      </span>
    </div>
  );
}

function clamp(share: number): number {
  return Math.max(0, Math.min(100, share));
}
