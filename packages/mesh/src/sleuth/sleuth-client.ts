/** Asks others by Sleuth and matches what comes back. A handle is random, 128 bits, and stands for a question to one
 * peer: an answer from anybody else, or to nothing, is dropped. Questions to a peer that is gone fail at once. */
import { randomBytes } from 'node:crypto';
import { type Clock, cancelledError, context } from '@goblin/core';
import { sleuthError } from './sleuth-error.ts';
import { goHeaders, toResponse } from './sleuth-fetch.ts';
import { encodeSleuth, type SleuthResponse } from './sleuth-message.ts';
import type { SleuthServices } from './sleuth-services.ts';
import type { ZrePeer } from './zre-peer.ts';

/** As in Sleuth. */
export const DEFAULT_TIMEOUT_MS = 500;
const MAX_WAITING = 10_000;
const HANDLE_BYTES = 16;

export interface SleuthInit extends RequestInit {
  /** Default 500 ms; the deadline of the current call holds when it is sooner. */
  readonly timeoutMs?: number;
}

export interface SleuthClientOptions {
  readonly uuid: string;
  readonly services: SleuthServices;
  readonly clock: Clock;
  send(peer: ZrePeer, content: Uint8Array): boolean;
}

interface Question {
  readonly peer: ZrePeer;
  readonly from: string;
  resolve(response: Response): void;
  reject(error: unknown): void;
  /** Takes off timer and listeners. */
  close(): void;
}

export class SleuthClient {
  readonly #options: SleuthClientOptions;
  readonly #waiting = new Map<string, Question>();
  #isClosed = false;

  constructor(options: SleuthClientOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async fetch(target: string | URL, init: SleuthInit = {}): Promise<Response> {
    const { service, path } = addressed(target);
    this.#mustBeOpen();
    const { timeoutMs = DEFAULT_TIMEOUT_MS, ...rest } = init;
    const request = new Request(`http://sleuth.invalid${path}`, rest);
    const { signal } = request;
    const allowedMs = Math.min(timeoutMs, context.timeLeft());
    const handle = randomBytes(HANDLE_BYTES).toString('hex');
    const content = await encodeSleuth({
      kind: 'request',
      handle,
      destination: this.#options.uuid,
      method: request.method,
      url: path,
      headers: goHeaders(request.headers),
      body: Buffer.from(await request.arrayBuffer()),
    });
    if (signal.aborted) throw cancelledError(signal.reason);
    return this.#ask(service, handle, content, allowedMs, signal);
  }

  /** An answer has come. Whether somebody waited for it. */
  answered(peer: ZrePeer, response: SleuthResponse): boolean {
    const question = this.#waiting.get(response.handle);
    if (question?.peer !== peer) return false;
    this.#settle(response.handle, ({ resolve, reject, from }) => {
      try {
        resolve(toResponse(response, from));
      } catch (error) {
        reject(error);
      }
    });
    return true;
  }

  /** The peer is gone: what it was asked will not be answered. */
  forget(peer: ZrePeer, because: string): void {
    for (const [handle, question] of this.#waiting) {
      if (question.peer !== peer) continue;
      const message = `${question.from} is gone before it answered: ${because}`;
      this.#settle(handle, ({ reject }) => reject(sleuthError(929, message)));
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const handle of this.#waiting.keys()) this.#settle(handle, ({ reject }) => reject(closedError()));
  }

  #ask(
    service: string,
    handle: string,
    content: Buffer,
    allowedMs: number,
    signal: AbortSignal,
  ): Promise<Response> {
    this.#mustBeOpen();
    const { services, send, clock } = this.#options;
    if (this.#waiting.size >= MAX_WAITING)
      throw sleuthError(929, `${MAX_WAITING} requests wait for answers already`, { started: false });
    const peer = services.next(service);
    const from = `${service} at ${peer.address}:${peer.port}`;
    return new Promise<Response>((resolve, reject) => {
      const cancel = (reason: unknown): void => {
        this.#settle(handle, (question) => question.reject(cancelledError(reason)));
      };
      const timer = clock.after(allowedMs, () => {
        const message = `${from} did not answer within ${Math.round(allowedMs)} ms (give it more by timeoutMs)`;
        this.#settle(handle, (question) => question.reject(sleuthError(920, message)));
      });
      const offCancel = context.current.cancellation.onCancel(cancel);
      const abort = (): void => cancel(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      const close = (): void => {
        timer.cancel();
        offCancel();
        signal.removeEventListener('abort', abort);
      };
      this.#waiting.set(handle, { peer, from, resolve, reject, close });
      if (!send(peer, content)) this.forget(peer, 'it takes nothing');
    });
  }

  #settle(handle: string, settle: (question: Question) => void): void {
    const question = this.#waiting.get(handle);
    if (!question) return;
    this.#waiting.delete(handle);
    question.close();
    settle(question);
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw closedError();
  }
}

function closedError(): Error {
  return sleuthError(935, 'the Sleuth node has stopped', { started: false });
}

/** @throws INVALID_INPUT (916) */
function addressed(target: string | URL): { readonly service: string; readonly path: string } {
  const [, service = '', rest = ''] = /^sleuth:\/\/([^/?#]+)([^#]*)/.exec(String(target)) ?? [];
  if (service === '')
    throw sleuthError(916, `${JSON.stringify(String(target))} is not sleuth://<service>/<path>`);
  return { service, path: rest.startsWith('/') ? rest : `/${rest}` };
}
