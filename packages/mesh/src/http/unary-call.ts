/** A call with one answer. */
import { GoblinError } from '@goblin/core';
import { fromConnectError, JSON_TYPE } from './connect-protocol.ts';
import { answerTooLarge, badAnswer } from './connection-failure.ts';
import { HttpCall, type OutgoingCall } from './http-call.ts';
import type { PeerConnections } from './peer-connections.ts';

export class UnaryCall extends HttpCall {
  readonly stream = false;
  readonly promise: Promise<unknown>;
  #resolve!: (output: unknown) => void;
  #reject!: (error: GoblinError) => void;
  #status = 0;
  #isJson = false;
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(call: OutgoingCall, connections: PeerConnections) {
    super(call, connections);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.begin();
  }

  protected answering(status: number, contentType: string): void {
    this.#status = status;
    this.#isJson = contentType.startsWith(JSON_TYPE);
  }

  protected answered(chunk: Buffer): void {
    this.#length += chunk.length;
    this.#chunks.push(chunk);
    const { address, maxAnswerBytes } = this.call;
    if (this.#length > maxAnswerBytes) this.abort(answerTooLarge(address, maxAnswerBytes));
  }

  protected complete(): void {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    if (this.#status === 200 && this.#isJson) {
      try {
        this.#resolve(bytes.length === 0 ? undefined : JSON.parse(bytes.toString()));
      } catch (error) {
        this.#reject(badAnswer(this.call.address, (error as Error).message, error));
      }
    } else this.#reject(refusalOf(this.call.address, this.#status, bytes));
  }

  protected failed(error: GoblinError): void {
    this.#reject(error);
  }
}

/** Statuses by which something between us and the peer says that it could not pass the call on. */
const GATEWAY_STATUSES = new Set([429, 502, 503, 504]);

/** The error that an answer other than 200 stands for. */
export function refusalOf(address: string, status: number, body: Buffer): GoblinError {
  const error = fromConnectError(parsed(body));
  if (error) return error;
  if (!GATEWAY_STATUSES.has(status)) return badAnswer(address, `HTTP status ${status} without a coded error`);
  return new GoblinError('UNAVAILABLE', { message: `${address} answered with HTTP status ${status}` });
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
