/** Turns a selection into what the store is asked: what its blocks can be skipped by goes there as such (texts and words that a line must
 * have), the rest as stages that its thread runs on what is left. */
import type { LogQuery } from '../../store/logs/log-search.ts';
import type { LogSelection, Stage } from './ast.ts';

export type CompiledSelection = Pick<LogQuery, 'matchers' | 'contains' | 'words' | 'stages'>;

export function compileSelection({ matchers, stages }: LogSelection): CompiledSelection {
  const contains: string[] = [];
  const words: string[] = [];
  const rest: Stage[] = [];
  let isAsKept = true;
  for (const stage of stages) {
    const isPlain = isAsKept && stage.type === 'line' && stage.isWanted && stage.values.length === 1;
    if (isPlain && stage.by === 'text') contains.push(stage.values[0]!);
    else if (isPlain && stage.by === 'word') words.push(stage.values[0]!);
    else rest.push(stage);
    // From then on the line, or what words are found in, is another than the one that is kept.
    if (stage.type === 'format' || stage.type === 'parse') isAsKept = false;
  }
  return { matchers, contains, words, stages: rest };
}
