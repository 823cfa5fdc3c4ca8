/** A request of node:http as a Fetch Request. Its body is read as the handler reads it, and no further than the
 * limit: reading on rejects with PAYLOAD_TOO_LARGE. Its signal is that of the exchange. */
import type { IncomingMessage } from 'node:http';
import { GoblinError } from '@goblin/core';
import { oversize, tooLarge } from './body.ts';
import type { Exchange } from './exchanges.ts';

/** @throws PAYLOAD_TOO_LARGE, MALFORMED_REQUEST when host and path do not make a URL. */
export function fetchRequest(exchange: Exchange, signal: AbortSignal, maxBodyBytes: number): Request {
  const { request } = exchange;
  const refusal = oversize(request, maxBodyBytes);
  if (refusal) throw refusal;
  const url = urlOf(request);
  const method = request.method!;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  try {
    return new Request(url, {
      method,
      headers: headersOf(request),
      signal,
      ...(hasBody && { body: bodyOf(exchange, maxBodyBytes), duplex: 'half' }),
    } as RequestInit);
  } catch (error) {
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `this is not a request: ${(error as Error).message}`,
      cause: error,
    });
  }
}

export function urlOf({ headers, url = '/' }: IncomingMessage): string {
  return url.startsWith('/') ? `http://${headers.host ?? 'localhost'}${url}` : url;
}

export function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const headers: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return headers;
}

/** Nothing is read, and no listener stands, until the handler reads. */
function bodyOf({ request, cancellation }: Exchange, maxBytes: number): ReadableStream<Uint8Array> {
  let reading = false;
  let length = 0;
  function begin(controller: ReadableStreamDefaultController<Uint8Array>): void {
    reading = true;
    const off = cancellation.onCancel((reason) => controller.error(reason));
    const onData = (chunk: Buffer): void => {
      request.pause();
      length += chunk.length;
      if (length <= maxBytes) controller.enqueue(chunk);
      else {
        off();
        request.off('data', onData);
        controller.error(tooLarge('more than', maxBytes));
      }
    };
    request.on('data', onData);
    request.once('end', () => {
      off();
      if (length <= maxBytes) controller.close();
    });
  }
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (!reading) begin(controller);
        request.resume();
      },
      cancel() {
        request.removeAllListeners('data').removeAllListeners('end');
      },
    },
    { highWaterMark: 0 },
  );
}
