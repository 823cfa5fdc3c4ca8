/** Asks a Docker Engine by its HTTP API over its Unix socket. Paths carry no version: the engine answers in its newest, and the fields
 * that are read here have been the same since 1.41 (Docker 20.10). https://docs.docker.com/reference/api/engine/ */
import { type IncomingMessage, request } from 'node:http';
import { type Clock, GoblinError } from '@goblin/core';
import { deadlineSignal } from '../periods.ts';

export const DOCKER_SOCKET = '/var/run/docker.sock';
/** An engine that is busy with many containers takes its time. */
const TIMEOUT_MS = 10_000;
/** Of one answer: thousands of tasks. */
const MAX_ANSWER_BYTES: number = 64 * 1_048_576;
const MAX_FAULT_CHARACTERS = 300;

export interface DockerEngine {
  readonly socket: string;
  /** @throws NOT_FOUND, FAILED_PRECONDITION where the engine cannot do that (it is no Swarm manager, the container's log driver cannot
   * be read), UNAVAILABLE, BAD_ANSWER */
  get<Answer>(path: string, signal: AbortSignal): Promise<Answer>;
  /** The body as it comes, until the signal is aborted. @throws as `get` */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
}

export function dockerEngine(clock: Clock, socket: string = DOCKER_SOCKET): DockerEngine {
  async function ask(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await answerOf(socket, path, signal);
    const { statusCode = 0 } = response;
    if (statusCode === 200) return response;
    const fault = faultIn(await textOf(response, MAX_ANSWER_BYTES).catch(() => ''));
    throw new GoblinError(codeOf(statusCode), {
      message: `Docker answers ${statusCode} to ${path}: ${fault}`,
    });
  }

  return {
    socket,
    async get<Answer>(path: string, signal: AbortSignal) {
      using deadline = deadlineSignal(clock, TIMEOUT_MS, signal);
      const text = await textOf(await ask(path, deadline.signal), MAX_ANSWER_BYTES);
      try {
        return JSON.parse(text) as Answer;
      } catch (cause) {
        throw new GoblinError('BAD_ANSWER', { message: `Docker's answer to ${path} is no JSON`, cause });
      }
    },
    stream: (path, signal) => ask(path, signal),
  };
}

function answerOf(socketPath: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // No agent: a socket that is kept alive would outlive a restart of the engine.
    const asked = request({ socketPath, path, signal, agent: false, headers: { host: 'docker' } }, resolve);
    asked.on('error', (cause) => {
      const reason = signal.aborted
        ? String((signal.reason as Error)?.message ?? signal.reason)
        : cause.message;
      const message = `Docker cannot be asked at ${socketPath}: ${reason}`;
      reject(new GoblinError('UNAVAILABLE', { message, cause }));
    });
    asked.end();
  });
}

async function textOf(response: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    bytes += part.length;
    if (bytes > maxBytes)
      throw new GoblinError('BAD_ANSWER', {
        message: `an answer of Docker is longer than ${maxBytes} bytes`,
      });
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** Docker writes `{"message": "…"}`. */
function faultIn(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message).slice(0, MAX_FAULT_CHARACTERS);
  } catch {
    return text.slice(0, MAX_FAULT_CHARACTERS);
  }
}

function codeOf(status: number): 'NOT_FOUND' | 'FAILED_PRECONDITION' | 'UNAVAILABLE' {
  if (status === 404) return 'NOT_FOUND';
  // 503 is "this node is not a swarm manager", 501 what a driver cannot do.
  return status === 400 || status === 406 || status === 409 || status === 501 || status === 503
    ? 'FAILED_PRECONDITION'
    : 'UNAVAILABLE';
}
