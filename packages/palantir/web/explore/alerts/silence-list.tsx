/** Silences: what is quiet, until when, by whom and why; one can be added and ended. What the form begins with is in the address. */
import { useState } from 'preact/hooks';
import type { Silence } from '../../../src/alerts/silences.ts';
import { age, clockTime } from '../../shared/format.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { ask } from '../../shared/server.ts';
import { Action } from '../parts/action.tsx';
import { Failed } from '../parts/states.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useWho, type Who, WhoField } from '../parts/who.tsx';
import { matchersOf, matchersText } from './matchers.ts';

const RENEW_MS = 15_000;
const EMPTY = '{}';
const LENGTHS = [
  ['30 min', 30],
  ['2 h', 120],
  ['8 h', 480],
  ['1 d', 1_440],
  ['7 d', 10_080],
] as const;

export function SilenceList() {
  const { query } = useLocation();
  const { data, error, again } = useAnswer<Silence[]>('/palantir/silences', RENEW_MS);
  const who = useWho();
  const asked = query.get('silence');
  const active = data?.filter(({ untilMs }) => untilMs > Date.now()) ?? [];
  return (
    <section>
      <h2>
        Silences <small class="quiet">{active.length}</small>
      </h2>
      {error && <Failed error={error} again={again} />}
      {active.length > 0 && (
        <ul class="silences">
          {active.map(({ id, matchers, untilMs, author, comment }) => (
            <li key={id} class="card">
              <code>{matchersText(matchers)}</code>
              <span>
                {comment} <span class="quiet">({author})</span>
              </span>
              <span class="quiet" title={clockTime(untilMs)}>
                {age(untilMs - Date.now())} left
              </span>
              <Action
                label="Expire"
                path={`/palantir/silences/${id}?by=${encodeURIComponent(who.name || 'somebody')}`}
                method="DELETE"
                onDone={again}
              />
            </li>
          ))}
        </ul>
      )}
      {asked === null ? (
        <button type="button" onClick={() => go(withQuery({ silence: EMPTY }))}>
          Add a silence …
        </button>
      ) : (
        <AddSilence key={asked} matchers={asked === EMPTY ? '' : asked} who={who} onAdded={again} />
      )}
    </section>
  );
}

interface AddProps {
  readonly matchers: string;
  readonly who: Who;
  readonly onAdded: () => void;
}

function AddSilence({ matchers: given, who, onAdded }: AddProps) {
  const [text, setText] = useState(given);
  const [minutes, setMinutes] = useState(120);
  const [comment, setComment] = useState('');
  const [error, setError] = useState<Error>();
  const matchers = matchersOf(text);
  const close = (): void => go(withQuery({ silence: undefined }), true);
  async function add(): Promise<void> {
    try {
      const untilMs = Date.now() + minutes * 60_000;
      await ask('/palantir/silences', { body: { matchers, untilMs, author: who.name, comment } });
      onAdded();
      close();
    } catch (thrown) {
      setError(thrown as Error);
    }
  }
  return (
    <form
      class="card fields"
      aria-label="Add a silence"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <label class="long">
        Alerts whose labels match
        <input
          value={text}
          placeholder={'rule="slow", service=~"tax|cart"'}
          aria-invalid={text !== '' && !matchers}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <label>
        For
        <select value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
          {LENGTHS.map(([name, length]) => (
            <option key={name} value={length}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="long">
        Because
        <input required value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
      </label>
      <WhoField who={who} />
      <button type="submit" class="primary" disabled={!matchers || who.name === ''}>
        Silence
      </button>
      <button type="button" onClick={close} data-close>
        Cancel
      </button>
      {error && <Failed error={error} />}
    </form>
  );
}
