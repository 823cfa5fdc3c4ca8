/** The stages of a query as a function: a line comes out as it went in, with what was read out of it as attributes, in another form,
 * or not at all. It runs where the lines are, in the thread of the store that reads. */
import type { LogLine } from '../../model.ts';
import { hasWords, wordsOf } from '../../store/logs/words.ts';
import { compilePattern } from '../../store/matching.ts';
import { compileComparison } from '../comparison.ts';
import { compileTree } from '../tree.ts';
import type { LineFilter, Stage } from './ast.ts';
import { lineLabel, lineText } from './line-labels.ts';
import { fieldsOf } from './parsed-fields.ts';

export type Pipeline = (line: LogLine) => LogLine | undefined;

/** @throws INVALID_INPUT for a regular expression that is none */
export function compilePipeline(stages: readonly Stage[]): Pipeline {
  const steps = stages.map(compileStage);
  return (given) => {
    let line: LogLine | undefined = given;
    for (const step of steps) {
      line = step(line);
      if (!line) return undefined;
    }
    return line;
  };
}

function compileStage(stage: Stage): Pipeline {
  switch (stage.type) {
    case 'line': {
      const takes = compileLineFilter(stage);
      return (line) => (takes(line) ? line : undefined);
    }
    case 'where': {
      const takes = compileTree(stage.condition, ({ field, ...comparison }) => {
        const compare = compileComparison(comparison);
        return (line: LogLine) => compare(lineLabel(line, field));
      });
      return (line) => (takes(line) ? line : undefined);
    }
    case 'parse':
      return (line) => ({
        ...line,
        attributes: { ...line.attributes, ...fieldsOf(stage.format, line.body) },
      });
    case 'format':
      return (line) => {
        const parts = stage.template.map((part) =>
          'text' in part ? part.text : lineLabel(line, part.field),
        );
        return { ...line, body: parts.join('') };
      };
  }
}

function compileLineFilter({ by, isWanted, values }: LineFilter): (line: LogLine) => boolean {
  const any = values.map((value): ((line: LogLine) => boolean) => {
    if (by === 'text') return ({ body }) => body.includes(value);
    if (by === 'word') {
      const words = wordsOf(value);
      return (line) => hasWords(lineText(line), words);
    }
    const matches = compilePattern(value, 'part');
    return ({ body }) => matches(body);
  });
  return (line) => any.some((has) => has(line)) === isWanted;
}
