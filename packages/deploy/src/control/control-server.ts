/** The supervisor's door for the other commands: HTTP with JSON over a Unix socket that only its owner may open.
 *
 *   GET  /status
 *   POST /scale    { "services": { "tax": 3 } }
 *   POST /restart  { "name": "tax" }     a service or one instance
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GoblinError } from '@goblin/core';
import type { EngineStatus } from '../process/status.ts';

const MAX_BODY_BYTES = 64 * 1024;

export interface Controlled {
  status(): EngineStatus;
  scale(services: Readonly<Record<string, number>>): Promise<void>;
  restart(name: string): Promise<void>;
}

export interface ControlServer {
  close(): Promise<void>;
}

/** To be called by the holder of the lock: a socket that is left over is replaced. */
export async function controlServer(path: string, engine: Controlled): Promise<ControlServer> {
  const server = createServer((request, response) => void answer(engine, request, response));
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return { close: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(engine: Controlled, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const result = await dispatch(engine, `${request.method} ${request.url}`, request);
    reply(response, 200, result);
  } catch (error) {
    const coded =
      error instanceof GoblinError ? error : new GoblinError('INTERNAL', { message: String(error) });
    reply(response, coded.status, coded);
  }
}

async function dispatch(engine: Controlled, route: string, request: IncomingMessage): Promise<unknown> {
  switch (route) {
    case 'GET /status':
      return engine.status();
    case 'POST /scale': {
      const { services } = await bodyOf(request);
      await engine.scale((services ?? {}) as Record<string, number>);
      return engine.status();
    }
    case 'POST /restart': {
      const { name } = await bodyOf(request);
      await engine.restart(String(name));
      return engine.status();
    }
    default:
      throw new GoblinError('NOT_FOUND', { message: `the control socket has no ${route}` });
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  request.setEncoding('utf8');
  for await (const piece of request) {
    text += piece;
    if (text.length > MAX_BODY_BYTES) throw new GoblinError('PAYLOAD_TOO_LARGE');
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new GoblinError('MALFORMED_REQUEST', { message: 'the body is not JSON', cause });
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
