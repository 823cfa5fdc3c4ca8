/** Lines of a search while they are found. Its last line may say how the search ended, where a limit of the server ended it. */
import type { LogLine } from '../../../src/model.ts';
import { askLines, ServerError } from '../../shared/server.ts';

export type Found = { readonly line: LogLine } | { readonly hint: string };

type Sent =
  | LogLine
  | { readonly end: { readonly looked: number; readonly hint?: string } }
  | { readonly error: { readonly code: string; readonly message: string } };

/** @throws ServerError, also where the search breaks off on its way */
export async function* searchLines(parameters: string, signal: AbortSignal): AsyncGenerator<Found> {
  for await (const sent of askLines<Sent>(`/palantir/logs?${parameters}`, signal)) {
    if ('error' in sent) throw new ServerError(sent.error.code, sent.error.message);
    if ('end' in sent) {
      const { looked, hint } = sent.end;
      const looks = `The search ended after ${looked.toLocaleString('en')} lines.`;
      yield { hint: hint === undefined ? looks : `${looks} To see more, ${hint}.` };
    } else yield { line: sent };
  }
}
