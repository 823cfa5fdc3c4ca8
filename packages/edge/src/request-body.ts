/** The body of a request on its way in. One whose length is known and small is read whole before anything is sent
 * on: it can then be sent again, and a slow sender does not hold an instance. A chunked one is read whole as far as
 * that may help (idempotent requests, up to the same size). Everything else streams, with backpressure, once. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type Cancellation, GoblinError } from '@goblin/core';

export interface RequestBody {
  /** Whether it can be sent again after a part of it was sent. */
  readonly replayable: boolean;
  /** For undici: null when there is none. @throws CONNECTION_FAILED when it was partly sent and cannot be sent again */
  open(): Buffer | Readable | null;
  /** Of a stream whose length was announced. */
  readonly length: number | undefined;
}

export interface BodyBounds {
  readonly maxBytes: number;
  readonly replayBytes: number;
  readonly idempotent: boolean;
}

export const NO_BODY: RequestBody = { replayable: true, open: () => null, length: undefined };

/** Whether a request brings a body (RFC 9112 section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** @param count told the size of each piece that came.
 * @throws PAYLOAD_TOO_LARGE, MALFORMED_REQUEST, CANCELED */
export async function requestBody(
  request: IncomingMessage,
  response: ServerResponse,
  bounds: BodyBounds,
  cancellation: Cancellation,
  count: (bytes: number) => void,
): Promise<RequestBody> {
  const announced = request.headers['content-length'];
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `the transfer coding ${JSON.stringify(coding)} is not understood; chunked is`,
    });
  }
  const length = announced === undefined ? undefined : Number(announced);
  if (length === 0) return NO_BODY;
  if (length !== undefined && length > bounds.maxBytes) throw tooLarge(bounds.maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  const incoming = new Incoming(request, bounds.maxBytes, count);
  const hold = length === undefined ? bounds.idempotent : length <= bounds.replayBytes;
  if (hold) {
    const whole = await incoming.whole(Math.min(bounds.replayBytes, bounds.maxBytes), cancellation);
    if (whole) return { replayable: true, open: () => whole, length: undefined };
  }
  return { replayable: false, open: () => incoming.open(), length };
}

function tooLarge(maxBytes: number): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `the body is larger than ${maxBytes} bytes`,
    data: { maxBytes },
  });
}

class Incoming {
  readonly #request: IncomingMessage;
  readonly #maxBytes: number;
  readonly #count: (bytes: number) => void;
  #received = 0;
  /** What was read ahead and then was too much to hold. */
  #ahead: Buffer[] = [];
  #opened: Readable | undefined;
  #reading = false;

  constructor(request: IncomingMessage, maxBytes: number, count: (bytes: number) => void) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#count = count;
  }

  /** The whole body, or undefined when it is longer than `holdBytes`: then it can still be streamed. */
  whole(holdBytes: number, cancellation: Cancellation): Promise<Buffer | undefined> {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      const settle = (error: GoblinError | undefined, value?: Buffer): void => {
        request.off('data', onData).off('end', onEnd).off('close', onClose);
        offCancel();
        if (error) reject(error);
        else resolve(value);
      };
      const onData = (chunk: Buffer): void => {
        this.#received += chunk.length;
        this.#count(chunk.length);
        this.#ahead.push(chunk);
        if (this.#received > this.#maxBytes) settle(tooLarge(this.#maxBytes));
        else if (this.#received > holdBytes) {
          request.pause();
          settle(undefined);
        }
      };
      const onEnd = (): void =>
        settle(undefined, this.#ahead.length === 1 ? this.#ahead[0] : Buffer.concat(this.#ahead));
      const onClose = (): void => settle(new GoblinError('CANCELED'));
      const offCancel = cancellation.onCancel((reason) =>
        settle(reason instanceof GoblinError ? reason : new GoblinError('CANCELED')),
      );
      request.on('data', onData).on('end', onEnd).on('close', onClose);
    });
  }

  /** The same stream each time until somebody has read from it. */
  open(): Readable {
    if (this.#opened && !this.#reading) return this.#opened;
    if (this.#reading) {
      throw new GoblinError('CONNECTION_FAILED', {
        message: 'the connection failed when a part of the request body was gone already',
      });
    }
    this.#opened = new Readable({
      read: () => {
        if (!this.#reading) this.#begin();
        else this.#request.resume();
      },
      // The connection of the client outlives its body: an answer is still to be written to it.
      destroy: (error, callback) => {
        this.#request.pause();
        callback(error);
      },
    });
    return this.#opened;
  }

  #begin(): void {
    this.#reading = true;
    const request = this.#request;
    const stream = this.#opened!;
    const push = (chunk: Buffer): void => {
      if (!stream.push(chunk)) request.pause();
    };
    for (const chunk of this.#ahead) push(chunk);
    this.#ahead = [];
    request.on('data', (chunk: Buffer) => {
      if (stream.destroyed) return;
      this.#received += chunk.length;
      this.#count(chunk.length);
      if (this.#received > this.#maxBytes) stream.destroy(tooLarge(this.#maxBytes));
      else push(chunk);
    });
    request.on('end', () => {
      if (!stream.destroyed) stream.push(null);
    });
    request.on('close', () => {
      if (!request.complete) stream.destroy(new GoblinError('CANCELED'));
    });
  }
}
