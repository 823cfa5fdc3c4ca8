/** A list of what could stand at the cursor of an input, as an ARIA combobox: arrows choose, Tab or Enter takes, Esc closes. */
import type { RefObject } from 'preact';
import { useEffect, useId, useLayoutEffect, useState } from 'preact/hooks';

export interface Suggestion {
  readonly text: string;
  /** What it is, such as `function`. */
  readonly kind: string;
  /** Put in place of the text, if something else. */
  readonly insert?: string;
}

export interface Suggestions {
  /** What is replaced, as positions in the text. */
  readonly from: number;
  readonly to: number;
  readonly items: readonly Suggestion[];
}

export type Suggest = (text: string, caret: number) => Promise<Suggestions | undefined>;

const MAX_SHOWN = 12;

interface Props {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly text: string;
  readonly suggest: Suggest;
  readonly onChange: (text: string) => void;
}

export function Completion({ input, text, suggest, onChange }: Props) {
  const id = useId();
  /** Of the text that it belongs to: what is written meanwhile makes it void. */
  const [found, setFound] = useState<Suggestions & { readonly of: string }>();
  const [chosen, setChosen] = useState(-1);
  const items = found?.of === text ? found.items.slice(0, MAX_SHOWN) : [];
  const isOpen = items.length > 0;

  useEffect(() => {
    const element = input.current!;
    let isCurrent = true;
    setChosen(-1);
    if (document.activeElement !== element) setFound(undefined);
    else
      suggest(text, element.selectionStart ?? text.length).then(
        (suggestions) => isCurrent && setFound(suggestions && { ...suggestions, of: text }),
        () => isCurrent && setFound(undefined),
      );
    return () => {
      isCurrent = false;
    };
  }, [text, suggest, input]);

  function take(item: Suggestion): void {
    const { from, to } = found!;
    const inserted = item.insert ?? item.text;
    const element = input.current!;
    // At once, for who goes on writing at once.
    element.value = text.slice(0, from) + inserted + text.slice(to);
    element.setSelectionRange(from + inserted.length, from + inserted.length);
    onChange(element.value);
    setFound(undefined);
  }

  // Before anything is painted: who sees the list can press its keys.
  useLayoutEffect(() => {
    const element = input.current!;
    element.setAttribute('role', 'combobox');
    element.setAttribute('aria-autocomplete', 'list');
    element.setAttribute('aria-expanded', String(isOpen));
    element.setAttribute('aria-controls', id);
    if (isOpen && chosen >= 0) element.setAttribute('aria-activedescendant', `${id}-${chosen}`);
    else element.removeAttribute('aria-activedescendant');
    const onKey = (event: KeyboardEvent): void => {
      if (!isOpen) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const taken = event.key === 'Tab' || (event.key === 'Enter' && chosen >= 0);
      if (step !== undefined) setChosen((chosen + step + items.length) % items.length);
      else if (taken && !event.shiftKey) take(items[Math.max(chosen, 0)]!);
      else if (event.key === 'Escape') setFound(undefined);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const onBlur = (): void => setFound(undefined);
    element.addEventListener('keydown', onKey);
    element.addEventListener('blur', onBlur);
    return () => {
      element.removeEventListener('keydown', onKey);
      element.removeEventListener('blur', onBlur);
    };
  });

  return (
    <div class="completion" id={id} role="listbox" aria-label="Suggestions" hidden={!isOpen}>
      {items.map((item, index) => (
        <div
          key={`${item.kind} ${item.text}`}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          tabIndex={-1}
          onMouseDown={(event) => {
            // The focus stays in the input.
            event.preventDefault();
            take(item);
          }}
        >
          <span>{item.text}</span> <small>{item.kind}</small>
        </div>
      ))}
    </div>
  );
}
