/** Answers of requests that went well: the rows, where they stand among all, and what was understood. */
import { MAX_ANSWER_BYTES } from './bounds.ts';
import { csvOf } from './csv.ts';
import type { Medium, Preferences } from './preferences.ts';
import { RestError } from './rest-error.ts';
import type { RestResult } from './statement.ts';

/** Rows that were read. @throws 416 when the first one wanted lies behind the last */
export function rowsAnswer(
  { body, rows, total }: RestResult,
  labels: readonly string[],
  offset: number,
  medium: Medium,
  preferences: Preferences,
): Response {
  if (total !== null && offset > 0 && offset >= total) {
    throw new RestError('INVALID_INPUT', 'PGRST103', 'Requested range not satisfiable', {
      status: 416,
      details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
    });
  }
  const range = rows === 0 ? '*' : `${offset}-${offset + rows - 1}`;
  const isPart = total !== null && rows < total;
  return answer(
    isPart ? 206 : 200,
    textOf(body, rows, labels, medium),
    medium,
    preferences,
    `${range}/${total ?? '*'}`,
  );
}

/** Rows that were changed, with what they have become where that was asked for. */
export function changeAnswer(
  status: number,
  { body, rows, total }: RestResult,
  labels: readonly string[],
  medium: Medium,
  preferences: Preferences,
): Response {
  const range = rows === 0 ? '*' : `0-${rows - 1}`;
  const count = preferences.count ? total : '*';
  const text = preferences.representation ? textOf(body, rows, labels, medium) : null;
  return answer(
    text === null && status === 200 ? 204 : status,
    text,
    medium,
    preferences,
    `${range}/${count}`,
  );
}

/** @throws 406 when one row is wanted and there are others, PAYLOAD_TOO_LARGE */
function textOf(body: string | null, rows: number, labels: readonly string[], medium: Medium): string {
  if (body === null) {
    throw new RestError(
      'PAYLOAD_TOO_LARGE',
      'PAYLOAD_TOO_LARGE',
      `the answer has more than ${MAX_ANSWER_BYTES} bytes: ask for fewer rows or columns`,
    );
  }
  if (medium.form === 'csv') return csvOf(labels, body);
  if (!medium.single) return body;
  if (rows === 1) return body.slice(1, -1);
  throw new RestError('INVALID_INPUT', 'PGRST116', 'Cannot coerce the result to a single JSON object', {
    status: 406,
    details: `The result contains ${rows} rows`,
  });
}

function answer(
  status: number,
  body: string | null,
  { contentType }: Medium,
  { applied }: Preferences,
  contentRange: string,
): Response {
  const headers = new Headers({ 'content-range': contentRange, vary: 'accept, prefer, range' });
  if (body !== null) headers.set('content-type', contentType);
  if (applied.length > 0) headers.set('preference-applied', applied.join(', '));
  return new Response(body, { status, headers });
}
