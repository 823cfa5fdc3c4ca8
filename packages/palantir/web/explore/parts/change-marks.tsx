/** Changes over a picture of time that is no chart of lines: dashed lines, each with its words. */
import './change-marks.css';
import type { Mark } from './chart-layers.ts';
import type { TimeRange } from './time-range.ts';

interface Props {
  readonly marks: readonly Mark[];
  readonly range: TimeRange;
  /** Pixels beside the picture that are no time. */
  readonly left?: number;
  readonly right?: number;
}

export function ChangeMarks({ marks, range: { fromMs, toMs }, left = 0, right = 0 }: Props) {
  const within = marks.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  if (within.length === 0) return null;
  return (
    <ul class="change-marks" aria-label="Changes">
      {within.map(({ atMs, text }) => {
        const share = (atMs - fromMs) / (toMs - fromMs);
        const place = `calc(${left}px + (100% - ${left + right}px) * ${share.toFixed(4)})`;
        return (
          <li key={`${atMs} ${text}`} style={{ left: place }} title={text}>
            <span class="unseen">{text}</span>
          </li>
        );
      })}
    </ul>
  );
}
