/** One try at getting a request answered by one instance. Either the answer has begun to go to the client (resolved;
 * the rest streams on by itself, with backpressure), or nothing of it has and another instance may try (rejected).
 * Two attempts may run for one request; the first whose answer begins has it.
 *
 * A small answer (HOLD_BYTES) is held until it is whole, so that a connection that dies half way can still be made good
 * by another attempt, and so that head and body leave in one write. An answer 503 to a request that can be repeated
 * is held too, as is a refusal by which an instance says that it has not begun, whatever the request: they go to the
 * client only if no other instance does better. */
import type { IncomingHttpHeaders } from 'node:http';
import { cancelledError, context, GoblinError } from '@goblin/core';
import { NOT_STARTED_HEADER, type Peer } from '@goblin/mesh';
import type { Dispatcher, Pool } from 'undici';
import type { Exchange } from './exchange.ts';
import { answerHeaders } from './headers.ts';
import type { RequestBody } from './request-body.ts';
import { upstreamError } from './upstream-error.ts';

const HOLD_BYTES = 16_384;
const UNAVAILABLE = 503;

export interface AttemptOptions {
  readonly exchange: Exchange;
  readonly body: RequestBody;
  readonly headers: string[];
  readonly repeatable: boolean;
}

/** @throws CONNECTION_FAILED with `data.started === false` when nothing was sent; UNAVAILABLE, BAD_ANSWER,
 * MALFORMED_REQUEST, PAYLOAD_TOO_LARGE, CANCELED, DEADLINE_EXCEEDED */
export function attempt(peer: Peer, pool: Pool, options: AttemptOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const { exchange, headers } = options;
    const body = options.body.open();
    exchange.attempts++;
    exchange.peer = peer.instance;
    const handler = new Attempt(peer, options, resolve, reject);
    pool.dispatch(
      {
        method: exchange.request.method as Dispatcher.HttpMethod,
        path: exchange.target!.pathAndQuery,
        headers,
        body,
      },
      handler,
    );
  });
}

type State = 'waiting' | 'holding' | 'streaming' | 'ended';

class Attempt implements Dispatcher.DispatchHandler {
  readonly #peer: Peer;
  readonly #exchange: Exchange;
  readonly #repeatable: boolean;
  readonly #replayable: boolean;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  readonly #offCancel: () => void;
  #offClose: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #state: State = 'waiting';
  #status = 0;
  #retryAfter: string | undefined;
  /** It says that it has not begun, and another one can be asked. */
  #isRefused = false;
  #headers: string[] = [];
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(peer: Peer, options: AttemptOptions, resolve: () => void, reject: (error: unknown) => void) {
    this.#peer = peer;
    this.#exchange = options.exchange;
    this.#repeatable = options.repeatable;
    this.#replayable = options.body.replayable;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#offCancel = context.current.cancellation.onCancel((reason) => this.#giveUp(cancelledError(reason)));
  }

  #giveUp(error: GoblinError): void {
    if (this.#state === 'ended' || this.#state === 'streaming') return;
    this.#end(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#state === 'ended') controller.abort(new GoblinError('CANCELED'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    // Informational answers stay on their connection.
    if (this.#state !== 'waiting' || status < 200) return;
    this.#status = status;
    this.#isRefused = headers[NOT_STARTED_HEADER] === '1' && this.#replayable;
    this.#retryAfter = headers['retry-after'];
    this.#headers = answerHeaders(headers);
    const length = headers['content-length'];
    if (this.#isUnavailable() || (length !== undefined && Number(length) <= HOLD_BYTES)) {
      this.#state = 'holding';
      return;
    }
    this.#stream(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === 'streaming') this.#forward(controller, chunk);
    else if (this.#state === 'holding') this.#hold(controller, chunk);
  }

  onResponseEnd(): void {
    const exchange = this.#exchange;
    if (this.#state === 'streaming') {
      this.#state = 'ended';
      this.#offClose?.();
      exchange.end();
    } else if (this.#state === 'holding') {
      const body = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
      if (this.#isUnavailable()) {
        exchange.held = { status: this.#status, headers: this.#headers, body };
        this.#end(this.#unavailable());
      } else if (this.#writeHead()) {
        exchange.bytesOut += body.length;
        exchange.end(body);
        this.#end(undefined);
      }
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    const error = upstreamError(cause, this.#controller !== undefined, this.#peer.instance);
    if (this.#state === 'streaming') {
      this.#state = 'ended';
      this.#offClose?.();
      this.#exchange.breakOff(error);
    } else {
      this.#end(error);
    }
  }

  #hold(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes <= HOLD_BYTES) return;
    if (this.#isUnavailable()) this.#giveUp(this.#unavailable());
    else this.#stream(controller);
  }

  /** The answer begins to go to the client. From here on only the client's leaving can cancel it. */
  #stream(controller: Dispatcher.DispatchController): void {
    if (!this.#writeHead()) return;
    const { response } = this.#exchange;
    const onClose = (): void => {
      this.#state = 'ended';
      controller.abort(new GoblinError('CANCELED'));
    };
    response.on('close', onClose);
    this.#offClose = () => response.off('close', onClose);
    this.#state = 'streaming';
    this.#settle(undefined);
    for (const chunk of this.#held) this.#forward(controller, chunk);
    this.#held = [];
    // A head may come long before its body. Where both came at once, they go in one write.
    process.nextTick(() => response.flushHeaders());
  }

  #isUnavailable(): boolean {
    return this.#isRefused || (this.#status === UNAVAILABLE && this.#repeatable);
  }

  #unavailable(): GoblinError {
    const message = `${this.#peer.instance} answered ${this.#status}`;
    if (!this.#isRefused) return new GoblinError('UNAVAILABLE', { message });
    const code = this.#status === UNAVAILABLE ? 'UNAVAILABLE' : 'RESOURCE_EXHAUSTED';
    const retryAfterMs = Number(this.#retryAfter) * 1_000;
    return new GoblinError(code, {
      message,
      data: { started: false, ...(Number.isFinite(retryAfterMs) && { retryAfterMs }) },
    });
  }

  /** False when the answer cannot go out: another attempt's has, or it is not HTTP. */
  #writeHead(): boolean {
    if (this.#exchange.response.headersSent) {
      this.#giveUp(new GoblinError('CANCELED'));
      return false;
    }
    try {
      this.#exchange.peer = this.#peer.instance;
      this.#exchange.writeHead(this.#status, this.#headers);
      return true;
    } catch (cause) {
      const error = new GoblinError('BAD_ANSWER', {
        message: 'the instance answered with headers that are not HTTP',
        cause,
      });
      this.#giveUp(error);
      return false;
    }
  }

  #forward(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response } = this.#exchange;
    this.#exchange.bytesOut += chunk.length;
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  #end(error: GoblinError | undefined): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#settle(error);
  }

  #settle(error: GoblinError | undefined): void {
    this.#offCancel();
    if (error) this.#reject(error);
    else this.#resolve();
  }
}
