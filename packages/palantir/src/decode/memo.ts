/** Remembers the answers of a pure function of a text. Names are few in honest telemetry; hostile ones only empty the memory. */
const MAX_REMEMBERED = 10_000;
const MAX_KEY_LENGTH = 300;

export function memo<T>(answer: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    let value = known.get(text);
    if (value === undefined) {
      value = answer(text);
      if (known.size >= MAX_REMEMBERED) known.clear();
      if (text.length <= MAX_KEY_LENGTH) known.set(text, value);
    }
    return value;
  };
}
