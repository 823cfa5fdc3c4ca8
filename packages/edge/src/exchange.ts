/** One request and its answer, from the first byte to the last. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Cancellation,
  type ContextValues,
  errorRegistry,
  GoblinError,
  rootContext,
  type Span,
} from '@goblin/core';
import { type Problem, problem } from './problem.ts';
import { hasBody } from './request-body.ts';
import type { RequestTarget } from './request-target.ts';
import type { CompiledRoute } from './route-table.ts';

/** After an early answer the rest of a request body is read and thrown away for at most this long and this much, so
 * that the client sees the answer rather than a reset connection. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 4 * 1_048_576;

export interface Caller {
  /** The client's own address: see client-address.ts. */
  readonly address: string;
  /** The address of the connection: the client's or a proxy's. */
  readonly connectedFrom: string;
  /** Whether the connection comes from a trusted proxy, whose forwarding headers count. */
  readonly viaTrustedProxy: boolean;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
}

/** Whose request it is and under which names it is followed. */
export interface Identity {
  readonly caller: Caller;
  readonly requestId: string;
  readonly span: Span;
  readonly tenant: string | undefined;
}

/** A peer's answer 503, whole, to be sent if no other peer does better. */
export interface HeldAnswer {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer;
}

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly requestId: string;
  readonly startedMs: number;
  readonly span: Span;
  /** Fires when the client goes away or the edge stops. */
  readonly cancellation: Cancellation = new Cancellation();
  readonly values: ContextValues;
  /** To be sent with whatever answer comes. */
  readonly extraHeaders: string[] = [];
  target: RequestTarget | undefined;
  route: CompiledRoute | undefined;
  /** The service that it was sent to, and the instance that answered or was tried last. */
  to = '';
  peer = '';
  attempts = 0;
  held: HeldAnswer | undefined;
  /** Whether the edge answered for itself. */
  isOwn = false;
  /** Tells a caller of a split route its bucket. */
  sideCookie: string | undefined;
  bytesIn = 0;
  bytesOut = 0;
  #status = 0;
  #failure: GoblinError | undefined;
  #isClosed = false;
  #whenClosed: PromiseWithResolvers<void> | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, identity: Identity) {
    this.request = request;
    this.response = response;
    this.caller = identity.caller;
    this.requestId = identity.requestId;
    this.span = identity.span;
    this.startedMs = performance.now();
    const { span, requestId, tenant } = identity;
    this.values = { ...rootContext, cancellation: this.cancellation, trace: span.context, requestId, tenant };
  }

  /** What was answered; 499 when the client left before. */
  get status(): number {
    return this.#status > 0 ? this.#status : errorRegistry.CANCELED.status;
  }

  /** Resolves when the last byte of the answer is written or the client is gone. */
  get closed(): Promise<void> {
    this.#whenClosed ??= Promise.withResolvers();
    if (this.#isClosed) this.#whenClosed.resolve();
    return this.#whenClosed.promise;
  }

  /** The answer has ended, one way or the other. What still runs for one that was not written whole is cancelled. */
  close(): void {
    this.#isClosed = true;
    if (!this.response.writableFinished) this.cancellation.cancel(new GoblinError('CANCELED'));
    this.#whenClosed?.resolve();
  }

  /** Why it failed, when it did. */
  get failure(): GoblinError | undefined {
    return this.#failure;
  }

  /** Notes that an answer broke off after its head was sent. */
  breakOff(error: GoblinError): void {
    this.#failure ??= error;
    this.response.destroy();
  }

  /** Sends a head. @param headers flat list of names and values, which is added to */
  writeHead(status: number, headers: string[]): void {
    if (this.sideCookie !== undefined && !isShared(headers)) headers.push('set-cookie', this.sideCookie);
    headers.push('x-request-id', this.requestId, ...this.extraHeaders);
    this.response.writeHead(status, headers);
    this.#status = status;
  }

  /** Notes the status of an answer that is not written through `response`. */
  answered(status: number): void {
    this.#status = status;
  }

  /** Answers with problem details, unless an answer has begun: then the connection breaks off, so that nobody takes
   * half an answer for a whole one. */
  fail(error: GoblinError, headers: readonly string[] = []): void {
    this.#failure ??= error;
    const { response } = this;
    if (response.destroyed || response.writableEnded) return;
    if (response.headersSent) return void response.destroy();
    this.#send(problem(error, { requestId: this.requestId, traceId: this.values.trace?.traceId }), headers);
  }

  /** Ends an answer whose head was written. A client that is still sending is let finish, for a moment. */
  end(lastPiece?: Buffer): void {
    const { request, response } = this;
    // As text in latin1, which is the same bytes, head and body leave in one buffer.
    if (lastPiece) response.end(lastPiece.toString('latin1'), 'latin1');
    else response.end();
    if (isStillSending(request)) linger(request, () => request.complete || request.destroy());
  }

  #send({ status, headers, body }: Problem, more: readonly string[]): void {
    const { request, response } = this;
    this.bytesOut = Buffer.byteLength(body);
    if (!isStillSending(request)) {
      this.writeHead(status, [...headers, ...more]);
      response.end(body);
      return;
    }
    this.writeHead(status, [...headers, 'connection', 'close', ...more]);
    response.write(body);
    linger(request, () => response.end());
  }
}

/** Whether caches may give this answer to other callers, who must not be given this caller's cookie. */
function isShared(headers: readonly string[]): boolean {
  const at = headers.indexOf('cache-control');
  return at >= 0 && /public|s-maxage/i.test(headers[at + 1]!);
}

function isStillSending(request: IncomingMessage): boolean {
  return !request.complete && hasBody(request);
}

/** Reads what still comes of a body and throws it away, then calls back once. */
function linger(request: IncomingMessage, done: () => void): void {
  let left = LINGER_BYTES;
  const timer = setTimeout(finish, LINGER_MS);
  function finish(): void {
    clearTimeout(timer);
    request.off('data', count).off('end', finish).off('close', finish);
    done();
  }
  function count(chunk: Buffer): void {
    left -= chunk.length;
    if (left < 0) finish();
  }
  request.on('data', count).on('end', finish).on('close', finish);
  request.resume();
}
