/** Posts sealed bytes to a door of another process, and reads its sealed bytes. Each post has a connection of its own,
 * because they are rare and a kept connection could be stale. It needs no TLS, nor a certificate that can be trusted
 * where there is TLS: the cluster's key seals it. */
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Endpoint } from '../peer.ts';

export interface SealedPost {
  readonly to: Endpoint;
  readonly path: string;
  readonly body: Uint8Array;
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

export interface SealedAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly body: Uint8Array;
}

/** As `request` of node:http and node:https. */
type Send = (options: RequestOptions, answered: (answer: IncomingMessage) => void) => ClientRequest;

/** @throws the system's error, or why there is no answer. */
export function postSealed(post: SealedPost, send: Send = request): Promise<SealedAnswer> {
  const { to, path, body, signal, maxAnswerBytes } = post;
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      host: to.host,
      port: to.port,
      path,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'content-length': body.length },
      agent: false,
      signal,
    };
    send(options, (answer) => void read(answer, maxAnswerBytes).then(resolve, reject))
      .on('error', reject)
      .end(body);
  });
}

async function read(answer: IncomingMessage, maxBytes: number): Promise<SealedAnswer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks) };
}
