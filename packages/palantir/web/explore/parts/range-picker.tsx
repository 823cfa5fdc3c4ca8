/** Picks the range of a page: one that moves on, or from and to. */
import { useState } from 'preact/hooks';
import { clockTime } from '../../shared/format.ts';
import { LASTS, localText, type TimeRange } from './time-range.ts';
import type { RangeState } from './use-range.ts';

const OWN = 'own';

export function RangePicker({ range, pick, renew }: RangeState) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="range-picker">
      <select
        aria-label="Time range"
        value={range.last ?? OWN}
        onChange={({ currentTarget: { value } }) => {
          setOpen(value === OWN);
          if (value !== OWN) pick(value);
        }}
      >
        {Object.entries(LASTS).map(([name, { text }]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
        <option value={OWN}>{range.last === undefined ? rangeText(range) : 'from … to …'}</option>
      </select>
      {range.last === undefined && (
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          Edit
        </button>
      )}
      <button type="button" onClick={renew} title="Ask again (r)" aria-label="Ask again" data-renew>
        ↻
      </button>
      {isOpen && (
        <OwnRange
          range={range}
          onPick={(picked) => {
            setOpen(false);
            pick(picked);
          }}
        />
      )}
    </div>
  );
}

function OwnRange({ range, onPick }: { range: TimeRange; onPick: (range: TimeRange) => void }) {
  const [from, setFrom] = useState(localText(range.fromMs));
  const [to, setTo] = useState(localText(range.toMs));
  const picked = { fromMs: new Date(from).getTime(), toMs: new Date(to).getTime() };
  const isGood = picked.fromMs < picked.toMs;
  return (
    <form
      class="own-range"
      onSubmit={(event) => {
        event.preventDefault();
        if (isGood) onPick(picked);
      }}
    >
      <label>
        From{' '}
        <input
          type="datetime-local"
          step="1"
          value={from}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label>
        To{' '}
        <input
          type="datetime-local"
          step="1"
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
      </label>
      {!isGood && <p role="alert">The end must be after the start.</p>}
      <button type="submit" disabled={!isGood}>
        Show
      </button>
    </form>
  );
}

function rangeText({ fromMs, toMs }: TimeRange): string {
  return `${clockTime(fromMs)} – ${clockTime(toMs)}`;
}
