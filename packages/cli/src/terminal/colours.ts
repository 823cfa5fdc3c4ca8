/** Colours for a terminal; none elsewhere or with NO_COLOR. */
import { wantsColour } from '@goblin/core';
import type { Io, Output } from '../command.ts';

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  inverse: [7, 27],
} as const;

export type Colours = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

export function coloursFor(output: Output, env: Io['env']): Colours {
  const enabled = wantsColour(output, env);
  return Object.fromEntries(
    Object.entries(CODES).map(([name, [on, off]]) => [
      name,
      (text: string) => (enabled ? `\u001b[${on}m${text}\u001b[${off}m` : text),
    ]),
  ) as Colours;
}
