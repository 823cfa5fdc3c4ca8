/** A command as one text, cut into words without a shell: blanks separate, quotes keep together. Nothing is expanded. */
import { GoblinError } from '@goblin/core';

const WORD = /"([^"]*)"|'([^']*)'|([^\s"']+)/g;

/** `node` stands for the Node that runs this. @throws CONFIG_INVALID when it is empty or a quote is not closed. */
export function commandWords(command: string): [string, ...string[]] {
  const words = [...command.matchAll(WORD)].map((match) => match[1] ?? match[2] ?? match[3]!);
  const [first, ...rest] = words;
  if (first === undefined || /["']/.test(command.replace(WORD, ''))) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the command ${JSON.stringify(command)} cannot be run: name a program and its arguments, with closed quotes`,
    });
  }
  return [first === 'node' ? process.execPath : first, ...rest];
}
