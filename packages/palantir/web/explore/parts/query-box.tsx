/** Where a query is written. Enter asks; an error of the server is shown under the place that it is about. `/` brings the focus here
 * (see shortcuts.tsx). What completes it, if anything, gets the keys first. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import './query-box.css';
import { Completion, type Suggest } from './completion.tsx';
import { placeOf } from './query-place.ts';

export interface QueryBoxProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onAsk: (query: string) => void;
  readonly error?: Error | undefined;
  readonly suggest?: Suggest;
  readonly children?: ComponentChildren;
}

export function QueryBox({ label, value, placeholder, onAsk, error, suggest, children }: QueryBoxProps) {
  const [text, setText] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setText(value), [value]);
  const place = error && placeOf(value, error.message);
  return (
    <form
      class="query-box"
      onSubmit={(event) => {
        event.preventDefault();
        onAsk(text.trim());
      }}
    >
      <div class="query-line">
        <input
          ref={input}
          data-query
          type="text"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          aria-label={label}
          aria-invalid={place !== undefined}
          placeholder={placeholder}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Ask
        </button>
        {children}
      </div>
      {suggest && <Completion input={input} text={text} suggest={suggest} onChange={setText} />}
      {place && text.trim() === value && (
        <pre class="query-error" aria-hidden="true">
          {place.line}
          {'\n'}
          {' '.repeat(place.column)}^
        </pre>
      )}
    </form>
  );
}
