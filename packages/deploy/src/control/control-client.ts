/** The other commands' side of the control socket. */
import { request } from 'node:http';
import { GoblinError } from '@goblin/core';
import type { EngineStatus } from '../process/status.ts';
import { controlSocketPath } from './socket-path.ts';

/** Scaling and restarting answer when the new instances are ready. */
const TIMEOUT_MS = 60_000;

export interface ControlClient {
  status(): Promise<EngineStatus>;
  scale(services: Readonly<Record<string, number>>): Promise<EngineStatus>;
  /** A service or one instance. */
  restart(name: string): Promise<EngineStatus>;
}

/** Each function throws UNAVAILABLE when no supervisor runs on this data folder. */
export function controlClient(dataFolder: string): ControlClient {
  const socketPath = controlSocketPath(dataFolder);

  async function ask(method: string, path: string, body?: unknown): Promise<EngineStatus> {
    const { status, text } = await exchange(socketPath, method, path, body).catch((error) => {
      throw new GoblinError('UNAVAILABLE', {
        message: `goblin up does not run on ${dataFolder}: start it first`,
        cause: error,
      });
    });
    const answer: unknown = JSON.parse(text);
    if (status === 200) return answer as EngineStatus;
    const { code, message } = answer as { code: string; message: string };
    throw new GoblinError(code, { message });
  }

  return {
    status: () => ask('GET', '/status'),
    scale: (services) => ask('POST', '/scale', { services }),
    restart: (name) => ask('POST', '/restart', { name }),
  };
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, timeout: TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
