/** Answers connections whose bytes are no HTTP request: Node's parser has refused them (it is strict: conflicting
 * lengths, folded headers and bare line feeds are errors), or the request came too slowly. One answer with problem
 * details if none has begun, then the connection is closed. */
import type { Socket } from 'node:net';
import { type ErrorCode, GoblinError } from '@goblin/core';
import { problem } from './problem.ts';

/** After the answer, for the client to read it. */
const CLOSE_MS = 500;

const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'PAYLOAD_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
};

const refused = new WeakSet<Socket>();

/** @param answering whether an answer has begun on the connection. @returns the code; undefined when nothing was said */
export function refuseBytes(
  cause: Error & { code?: string },
  socket: Socket,
  answering: boolean,
): string | undefined {
  if (refused.has(socket)) return undefined;
  if (cause.code === 'ECONNRESET' || cause.code === 'EPIPE' || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  refused.add(socket);
  const error = new GoblinError(CODES[cause.code ?? ''] ?? 'MALFORMED_REQUEST');
  if (answering) {
    socket.destroy();
    return error.code;
  }
  const { status, headers, body } = problem(error, {});
  let head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nconnection: close\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  socket.end(`${head}\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), CLOSE_MS);
  socket.once('close', () => clearTimeout(timer));
  return error.code;
}
