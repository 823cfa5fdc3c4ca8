/** One call on its way over HTTP: asks for a connection, writes the request, and settles with what the peer says, with
 * what became of the connection, or with the reason its context was cancelled for, whichever is first. It stands
 * on undici's lowest interface, `dispatch`, which costs a third less than `request`. */
import { type Cancellation, cancelledError, type GoblinError } from '@goblin/core';
import type { Client, Dispatcher } from 'undici';
import { connectionFailure, type Progress } from './connection-failure.ts';
import type { PeerConnections, Ticket } from './peer-connections.ts';

export interface OutgoingCall {
  /** `127.0.0.1:4711`, for messages. */
  readonly address: string;
  readonly path: string;
  readonly headers: string[];
  readonly body: string | Buffer;
  readonly cancellation: Cancellation;
  readonly maxAnswerBytes: number;
}

type Controller = Dispatcher.DispatchController;

export abstract class HttpCall implements Ticket, Dispatcher.DispatchHandler {
  abstract readonly stream: boolean;
  protected readonly call: OutgoingCall;
  protected controller: Controller | undefined;
  readonly #connections: PeerConnections;
  #offCancel: (() => void) | undefined;
  #client: Client | undefined;
  #progress: Progress = 'unsent';
  #over = false;

  constructor(call: OutgoingCall, connections: PeerConnections) {
    this.call = call;
    this.#connections = connections;
  }

  /** Once, when the subclass is ready for what may come at once: cancellation, or UNAVAILABLE because too many
   * wait for the peer already. */
  protected begin(): void {
    this.#offCancel = this.call.cancellation.onCancel((reason) => this.abort(cancelledError(reason)));
    if (this.#over) return;
    const refusal = this.#connections.take(this);
    if (refusal) this.abort(refusal);
  }

  /** The head of the answer. */
  protected abstract answering(status: number, contentType: string): void;
  /** A part of its body. */
  protected abstract answered(chunk: Buffer): void;
  /** The whole answer was received. */
  protected abstract complete(): void;
  /** It failed, or is not wanted any more. Called at most once, and never after `complete`. */
  protected abstract failed(error: GoblinError): void;

  /** Gives the call up. The connection is closed, by which the peer learns of it. */
  protected abort(error: GoblinError): void {
    if (this.#over) return;
    this.#finish();
    this.failed(error);
    if (this.#client) this.controller?.abort(error);
    else this.#connections.withdraw(this);
  }

  #finish(): void {
    this.#over = true;
    this.#offCancel?.();
  }

  run(client: Client): void {
    this.#client = client;
    const { path, headers, body } = this.call;
    client.dispatch({ method: 'POST', path, headers, body }, this);
  }

  onRequestStart(controller: Controller): void {
    this.controller = controller;
    if (this.#over) controller.abort(new Error('the call was cancelled before it was sent'));
    else this.#progress = 'sent';
  }

  onResponseStart(
    _: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#over || status < 200) return;
    this.#progress = 'answering';
    this.answering(status, String(headers['content-type'] ?? ''));
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    if (!this.#over) this.answered(chunk);
  }

  onResponseEnd(): void {
    this.#connections.release(this, this.#client!, 'usable');
    if (this.#over) return;
    this.#finish();
    this.complete();
  }

  onResponseError(_: Controller, error: Error): void {
    this.#connections.release(this, this.#client!, 'broken');
    if (this.#over) return;
    this.#finish();
    this.failed(connectionFailure(error, this.call.address, this.#progress));
  }
}
