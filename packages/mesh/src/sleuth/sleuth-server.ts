/** Answers what others ask by Sleuth: each REPL gets exactly one RECV, whatever becomes of it. Strangers ask, so how much
 * runs at once is bounded (beyond it the answer is 503), a handler has ANSWER_WITHIN_MS (504), and what it throws is
 * told without its words (500). Its signal is aborted when the peer is gone: nobody waits for the answer then. */
import { type Clock, cancelledError, GoblinError, isGoblinError } from '@goblin/core';
import { fromResponse, toRequest } from './sleuth-fetch.ts';
import { encodeSleuth, MAX_PLAIN_BYTES, type SleuthRequest, type SleuthResponse } from './sleuth-message.ts';
import type { ZrePeer } from './zre-peer.ts';

export type SleuthHandler = (request: Request, peer: { readonly address: string }) => Promise<Response>;

const ANSWER_WITHIN_MS = 30_000;
const MAX_RUNNING = 1_024;
const MAX_RUNNING_PER_PEER = 64;
/** Bodies of all requests that run. */
const MAX_RUNNING_BYTES = 64 * 1_048_576;

export interface SleuthServerOptions {
  readonly clock: Clock;
  /** Undefined for a pure client: everything is answered with 404 then. */
  readonly service: string | undefined;
  readonly handler: SleuthHandler | undefined;
  send(peer: ZrePeer, content: Uint8Array): boolean;
  answered(status: number): void;
  failed(error: unknown): void;
}

export class SleuthServer {
  readonly #options: SleuthServerOptions;
  /** What runs, by who asked. */
  readonly #running = new Map<ZrePeer, Set<AbortController>>();
  #count = 0;
  #bytes = 0;
  #idle: (() => void) | undefined;

  constructor(options: SleuthServerOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#count;
  }

  /** Never rejects; the answer follows in its own time. */
  async answer(peer: ZrePeer, request: SleuthRequest): Promise<void> {
    const controller = new AbortController();
    const refusal = this.#begin(peer, controller, request);
    await this.#send(peer, refusal ?? (await this.#run(peer, request, controller)));
    if (!refusal) this.#end(peer, controller, request.body.length);
  }

  /** The peer is gone, and so is who waited there. */
  forget(peer: ZrePeer): void {
    for (const controller of this.#running.get(peer) ?? [])
      controller.abort(new GoblinError('CANCELED', { message: 'the peer that asked is gone' }));
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #begin(
    peer: ZrePeer,
    controller: AbortController,
    { handle, body }: SleuthRequest,
  ): SleuthResponse | undefined {
    const { handler, service } = this.#options;
    if (!handler || service === undefined)
      return plain(handle, 404, 'this peer only asks: it serves nothing');
    const running = this.#running.get(peer) ?? new Set();
    const isFull =
      this.#count >= MAX_RUNNING ||
      running.size >= MAX_RUNNING_PER_PEER ||
      this.#bytes + body.length > MAX_RUNNING_BYTES;
    if (isFull) return plain(handle, 503, 'too many requests run already: try again later');
    this.#running.set(peer, running.add(controller));
    this.#count += 1;
    this.#bytes += body.length;
    return undefined;
  }

  #end(peer: ZrePeer, controller: AbortController, bytes: number): void {
    const running = this.#running.get(peer);
    running?.delete(controller);
    if (running?.size === 0) this.#running.delete(peer);
    this.#count -= 1;
    this.#bytes -= bytes;
    if (this.#count === 0) this.#idle?.();
  }

  async #run(peer: ZrePeer, request: SleuthRequest, controller: AbortController): Promise<SleuthResponse> {
    const { service, handler } = this.#options;
    const { signal } = controller;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(cancelledError(signal.reason)), { once: true });
    });
    aborted.catch(() => {});
    const timer = this.#options.clock.after(ANSWER_WITHIN_MS, () => {
      const message = `no answer within ${ANSWER_WITHIN_MS / 1_000} s`;
      controller.abort(new GoblinError('DEADLINE_EXCEEDED', { message }));
    });
    try {
      const asked = toRequest(request, service!, signal);
      const response = await Promise.race([handler!(asked, peer), aborted]);
      return fromResponse(response, await Promise.race([bodyOf(response), aborted]), request.handle);
    } catch (error) {
      if (isGoblinError(error)) return plain(request.handle, error.status, error.message);
      this.#options.failed(error);
      return plain(request.handle, 500, 'the service failed');
    } finally {
      timer.cancel();
    }
  }

  async #send(peer: ZrePeer, response: SleuthResponse): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = await encodeSleuth(response);
    } catch (error) {
      // Larger than the other side would take: it is told so instead.
      bytes = await encodeSleuth(plain(response.handle, 500, (error as Error).message));
    }
    if (this.#options.send(peer, bytes)) this.#options.answered(response.code);
  }
}

async function bodyOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_PLAIN_BYTES)
      throw new GoblinError('INTERNAL', { message: 'the answer is larger than a Sleuth message can be' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function plain(handle: string, code: number, text: string): SleuthResponse {
  const headers = { 'Content-Type': ['text/plain; charset=utf-8'] };
  return { kind: 'response', handle, code, headers, body: Buffer.from(text) };
}
