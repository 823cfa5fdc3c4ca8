/** One POST to a receiver, and what its answer means.
 *
 * Only what is wrong with the bytes themselves (400, 413, 422) speaks against them; a password that is wrong, a path that is not there
 * or a server that is down can be put right, so the same bytes are worth another try. Credentials come from files, which are read
 * again when they change. Neither they nor the address are in any message. */
import { type Clock, context, type TraceContext } from '@goblin/core';
import { deadlineSignal } from '../../collect/periods.ts';
import { beginningOf, type Fetch, retryAfterOf, shown } from '../../notify/http-post.ts';
import { secretFile } from '../../notify/secret-file.ts';
import type { Outcome } from '../exporter.ts';

const TIMEOUT_MS = 30_000;
/** What is wrong with the body. */
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422]);
/** The requests of exporters make no spans, which would be exported in turn. */
const UNTRACED: TraceContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false };

export interface Credentials {
  /** With `passwordFile`. */
  readonly user?: string;
  readonly passwordFile?: string;
  readonly tokenFile?: string;
}

export interface ReceiverTools {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  /** What `Retry-After` says. */
  readonly waitMs: number | undefined;
}

export interface Receiver {
  /** The answer, whatever its status is; or why there was none. Rejects only by `signal`. */
  ask(post: Post, signal: AbortSignal): Promise<Answer | string>;
}

/** @param scheme of `Authorization` with a token: `Bearer`, or `Token` as InfluxDB has it */
export function receiver(
  { user, passwordFile, tokenFile }: Credentials,
  scheme: 'Bearer' | 'Token',
  { fetch, clock }: ReceiverTools,
): Receiver {
  const secret = passwordFile ?? tokenFile;
  const read = secret === undefined ? undefined : secretFile(secret);

  async function authorization(): Promise<Record<string, string>> {
    if (!read) return {};
    const text = await read();
    const basic = (): string => `Basic ${Buffer.from(`${user}:${text}`).toString('base64')}`;
    return { authorization: passwordFile === undefined ? `${scheme} ${text}` : basic() };
  }

  return {
    async ask({ url, headers, body }, signal) {
      using limit = deadlineSignal(clock, TIMEOUT_MS, signal);
      try {
        const all = { 'user-agent': 'goblin-palantir', ...headers, ...(await authorization()) };
        const request: RequestInit = {
          method: 'POST',
          headers: all,
          body: body as Uint8Array<ArrayBuffer>,
          redirect: 'manual',
          signal: limit.signal,
        };
        const response = await context.run({ trace: UNTRACED }, () => fetch(url, request));
        const waitMs = retryAfterOf(response.headers.get('retry-after'), clock.wall());
        return { status: response.status, body: await beginningOf(response), waitMs };
      } catch (error) {
        signal.throwIfAborted();
        const { code, message } = ((error as Error).cause ?? error) as { code?: string; message: string };
        return code === undefined ? message : `${code}: ${message}`;
      }
    },
  };
}

/** What an answer means where its format says nothing more. */
export function outcomeOf(answer: Answer | string): Outcome {
  if (typeof answer === 'string') return { kind: 'later', reason: answer };
  const { status, body, waitMs } = answer;
  if (status >= 200 && status < 300) return { kind: 'taken', skipped: 0, reason: '' };
  const reason = `the receiver answers ${status}: ${shown(body.toString())}`;
  if (REFUSED.has(status)) return { kind: 'refused', reason };
  return { kind: 'later', reason, ...(waitMs !== undefined && { waitMs }) };
}
