/** Who acts: asked once, and remembered by this browser. */
import { useState } from 'preact/hooks';

const KEY = 'palantir:who';

export interface Who {
  /** Empty where nobody has said it. */
  readonly name: string;
  /** As it is being written. */
  readonly text: string;
  readonly write: (text: string) => void;
}

export function useWho(): Who {
  const [text, setText] = useState(() => localStorage.getItem(KEY) ?? '');
  const write = (written: string): void => {
    localStorage.setItem(KEY, written);
    setText(written);
  };
  return { name: text.trim(), text, write };
}

export function WhoField({ who: { text, write } }: { who: Who }) {
  return (
    <label class="who">
      You are{' '}
      <input
        autocomplete="name"
        placeholder="your name"
        value={text}
        onInput={(event) => write(event.currentTarget.value)}
      />
    </label>
  );
}
