/** Writes a Fetch Response to node:http, as fast as the client reads. A body that is there at once is written with
 * its length in one write; one that comes in parts is streamed, its first part on its way within one turn of the
 * event loop. When the client leaves, the body is cancelled and with it what produces it. */
import type { ServerResponse } from 'node:http';
import type { Cancellation } from '@goblin/core';
import { drained } from './answer.ts';
import { NOT_STARTED_HEADER } from './refusal-headers.ts';

/** Resolves when all is written; rejects with the reason when the exchange is cancelled, or with what the body
 * failed with. Once the head is out a failure can only cut the connection, so that the client does not
 * take half an answer for a whole one. */
export async function writeResponse(
  response: ServerResponse,
  answer: Response,
  withBody: boolean,
  cancellation: Cancellation,
): Promise<void> {
  const { body } = answer;
  if (!body || !withBody) {
    const bodyless = !withBody || answer.status === 204 || answer.status === 304;
    response.writeHead(answer.status, headersOf(answer, bodyless ? undefined : 0));
    response.end();
    await body?.cancel();
    return;
  }
  const reader = body.getReader();
  const off = cancellation.onCancel((reason) => void reader.cancel(reason).catch(ignore));
  try {
    await pump(response, answer, reader, cancellation);
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw error;
  } finally {
    off();
    reader.releaseLock();
  }
}

async function pump(
  response: ServerResponse,
  answer: Response,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  cancellation: Cancellation,
): Promise<void> {
  const first = await reader.read();
  if (first.done) {
    finish(response, answer, cancellation);
    return;
  }
  const second = reader.read();
  const soon = await Promise.race([second, nextTurn()]);
  if (soon?.done) {
    finish(response, answer, cancellation, first.value);
    return;
  }
  response.writeHead(answer.status, headersOf(answer, undefined));
  response.write(first.value);
  for (let part = await second; !part.done; part = await reader.read()) {
    // It may have drained while the part was waited for.
    if (response.writableNeedDrain) await drained(response, cancellation);
    response.write(part.value);
  }
  if (cancellation.cancelled) throw cancellation.reason;
  response.end();
}

/** A whole body in one write. */
function finish(
  response: ServerResponse,
  answer: Response,
  cancellation: Cancellation,
  body?: Uint8Array,
): void {
  if (cancellation.cancelled) throw cancellation.reason;
  response.writeHead(answer.status, headersOf(answer, body?.length ?? 0));
  response.end(body);
}

/** What is ours to say and not the handler's: the headers of the connection, and that nothing was begun, which may come
 * from an answer that it passes on. */
const OURS = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  NOT_STARTED_HEADER,
]);

function headersOf(answer: Response, length: number | undefined): string[] {
  const headers: string[] = [];
  for (const [name, value] of answer.headers) if (!OURS.has(name)) headers.push(name, value);
  if (length !== undefined && !answer.headers.has('content-length'))
    headers.push('content-length', String(length));
  return headers;
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(resolve, undefined));
}

function ignore(): void {}
