/** Answers a streaming procedure: one envelope per item, written no faster than the client reads, and a last one
 * that says how it ended. The stream's deadline is kept here. When the client leaves or the deadline passes, the
 * handler's signal is aborted and its generator told to return. */
import type { ServerResponse } from 'node:http';
import {
  type Call,
  type CallService,
  type ContextValues,
  context,
  type GoblinError,
  openScope,
  untilCancelled,
} from '@goblin/core';
import { drained } from './answer.ts';
import { END, encodeEnvelope } from './connect-envelope.ts';
import { encodeJson, STREAM_TYPE, toConnectError } from './connect-protocol.ts';

/** Rejects with what the stream failed with, its last envelope still to be written.
 * @param opened told when the procedure has answered with its items, which are still to be made. */
export async function answerStream(
  response: ServerResponse,
  parent: ContextValues,
  procedures: CallService,
  call: Call,
  opened: () => void,
): Promise<void> {
  const scope = openScope(parent, parent.deadline);
  const { values } = scope;
  const { cancellation } = values;
  let items: AsyncIterator<unknown> | undefined;
  try {
    const answer = context.enter(values, () => procedures(call)) as Promise<AsyncIterable<unknown>>;
    items = (await untilCancelled(cancellation, answer))[Symbol.asyncIterator]();
    opened();
    const next = (): Promise<IteratorResult<unknown>> => items!.next();
    for (;;) {
      const item = await untilCancelled(cancellation, context.enter(values, next));
      if (item.done) break;
      if (!response.headersSent) writeHead(response);
      if (!response.write(encodeEnvelope(0, encodeJson(item.value)))) await drained(response, cancellation);
    }
    writeEnd(response, undefined);
  } finally {
    scope.close();
    // Not waited for: a generator that hangs would keep the answer from being finished.
    items?.return?.().catch(ignore);
  }
}

/** Ends a stream with an error, before its first item or after. The HTTP status is 200 by the protocol. */
export function answerStreamError(response: ServerResponse, error: GoblinError): void {
  if (!response.destroyed) writeEnd(response, error);
}

function writeEnd(response: ServerResponse, error: GoblinError | undefined): void {
  if (!response.headersSent) writeHead(response);
  response.end(encodeEnvelope(END, error ? JSON.stringify({ error: toConnectError(error) }) : '{}'));
}

function writeHead(response: ServerResponse): void {
  response.writeHead(200, ['content-type', STREAM_TYPE]);
}

function ignore(): void {}
