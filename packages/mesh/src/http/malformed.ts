/** Answers what node:http could not parse or would not wait for, and closes the connection. */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ErrorCode, GoblinError } from '@goblin/core';
import { PROBLEM_TYPE, problemJson } from './answer.ts';
import type { Exchanges } from './exchanges.ts';

type ParseError = Error & { readonly code?: string; readonly reason?: string };

const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'PAYLOAD_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

/** After the answer, for the client to read it: closing with bytes unread would reset the connection, and with it
 * what is on its way to the client. */
const LINGER_MS = 500;

const answered = new WeakSet<Socket>();

/** For the server's `clientError`. Where an answer has begun, or several are owed, a status line in between would be
 * taken for part of another answer: then the connection is only closed. */
export function answerMalformed(error: ParseError, socket: Socket, exchanges: Exchanges): void {
  if (answered.has(socket)) return;
  const owed = exchanges.on(socket);
  if (!socket.writable || error.code === 'ECONNRESET' || owed.length > 1 || owed[0]?.response.headersSent) {
    socket.destroy();
    return;
  }
  answered.add(socket);
  socket.end(rawProblem(refusalOf(error)));
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function refusalOf(error: ParseError): GoblinError {
  const code = CODES[error.code ?? ''];
  if (code) return new GoblinError(code, { cause: error });
  return new GoblinError('MALFORMED_REQUEST', {
    message: `this is not HTTP: ${error.reason ?? error.message}`,
    cause: error,
  });
}

/** A whole HTTP answer as text, for sockets that have no ServerResponse. */
export function rawProblem(error: GoblinError): string {
  const body = problemJson(error);
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? error.code}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
