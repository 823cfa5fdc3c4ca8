/** One POST of JSON to a receiver, and what its answer means for the message. */
import { GoblinError } from '@goblin/core';

const MAX_ANSWER_BYTES = 64 * 1_024;
const MAX_SHOWN = 200;
/** What is wrong with the message itself. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422]);
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);
/** Nobody is asked to wait for longer. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Resolves with an answer of 2xx. Rejects as Notifier.send says. Neither the address nor the body is in the message of an error:
 * both may be secrets.
 * @param nowMs for a Retry-After that is a date */
export async function post(
  fetch: Fetch,
  url: string,
  { body, headers, signal }: { body: string; headers?: Record<string, string>; signal: AbortSignal },
  nowMs: number,
): Promise<Answer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal,
      redirect: 'manual',
    });
    text = (await beginningOf(response)).toString();
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = ((error as Error).cause ?? error) as { code?: string; message: string };
    throw new GoblinError('CONNECTION_FAILED', { message: code ?? message });
  }
  const { status } = response;
  if (response.ok) return { status, text };
  const message = `it answers ${status}: ${shown(text)}`;
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'), nowMs);
  if (PASSING.has(status) || status >= 500)
    throw new GoblinError(status === 429 ? 'RESOURCE_EXHAUSTED' : 'UNAVAILABLE', {
      message,
      ...(retryAfterMs !== undefined && { data: { retryAfterMs } }),
    });
  throw new GoblinError(REFUSED.has(status) ? 'INVALID_INPUT' : 'FAILED_PRECONDITION', { message });
}

/** In seconds, or a date as in HTTP. */
export function retryAfterOf(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS) : undefined;
}

export function shown(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}

/** The beginning of it, so that a receiver cannot fill our memory. */
export async function beginningOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
}
