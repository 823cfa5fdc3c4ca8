/** Texts with gaps: `{{ service }}`. Metric templates have theirs filled when settings are read; the words of an alert when it is raised. */
import { text } from './scalars.ts';
import { refined, type Shape } from './shape.ts';

export interface Placeholder {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** A filled text, and which character of the text with the gaps one of its characters comes from. */
export interface Filled {
  readonly text: string;
  originOf(at: number): number;
}

const PLACEHOLDER = /\{\{(.*?)\}\}/gs;
const NAME = /^[a-zA-Z_][\w.]*$/;

export const template: Shape<string> = refined(text(), (value, spot) => {
  const open = value.replace(PLACEHOLDER, (whole) => ' '.repeat(whole.length)).indexOf('{{');
  if (open >= 0) return spot.wrong('a {{ is not closed by }}', open);
  const strange = placeholdersOf(value).find(({ name }) => !NAME.test(name));
  if (strange) return spot.wrong('between {{ and }} stands a name, such as {{ service }}', strange.start);
  return value;
});

export function placeholdersOf(text: string): readonly Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)].map((match) => ({
    name: match[1]!.trim(),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** Gaps without a value stay. */
export function fill(text: string, values: Readonly<Record<string, string>>): Filled {
  /** Each gap that was filled, by where it was and where its value is. */
  const pieces: { start: number; end: number; at: number; length: number }[] = [];
  let filled = '';
  let from = 0;
  for (const { name, start, end } of placeholdersOf(text)) {
    if (!Object.hasOwn(values, name)) continue;
    filled += text.slice(from, start);
    pieces.push({ start, end, at: filled.length, length: values[name]!.length });
    filled += values[name]!;
    from = end;
  }
  return {
    text: filled + text.slice(from),
    originOf(at) {
      const piece = pieces.findLast((one) => one.at <= at);
      if (!piece) return at;
      const behind = at - piece.at - piece.length;
      return behind < 0 ? piece.start : piece.end + behind;
    },
  };
}
