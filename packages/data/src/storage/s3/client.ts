/** Requests to S3 and what is compatible with it: signed, bounded in time, tried again where trying again does no harm.
 *
 * A request is tried MAX_ATTEMPTS times when the service is busy (429, 5xx) or the connection fails, after pauses that grow from
 * FIRST_PAUSE_MS. All that is sent here can be sent twice, except for the end of an upload in parts, which s3-store.ts looks after.
 * Errors are STORE_UNAVAILABLE with what the service said, and no secret. */
import { context, GoblinError, isGoblinError, sleep, systemClock } from '@goblin/core';
import { type Dispatcher, Pool } from 'undici';
import {
  canonicalQuery,
  EMPTY_SHA256,
  presignedUrl,
  type S3Credentials,
  type Signer,
  sha256,
  signedHeaders,
} from './signature.ts';
import { textOf } from './xml.ts';

const MAX_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
const HEADERS_TIMEOUT_MS = 30_000;
/** Without a byte for this long the answer has stopped. */
const BODY_TIMEOUT_MS = 30_000;
const CONNECTIONS = 16;
/** Answers that are no content of a blob: a page of a list has 1,000 names of at most 1 kB. */
const MAX_ANSWER_BYTES = 4_194_304;

export interface S3Options {
  readonly bucket: string;
  /** All keys are below it: `shop/backups`. Default: none. */
  readonly prefix?: string;
  /** Default `us-east-1`, which most services besides AWS take as theirs. */
  readonly region?: string;
  /** Of a service that is not AWS: `https://minio.example.com:9000`. The bucket is part of the path there, of the host at AWS. */
  readonly endpoint?: string;
  readonly credentials: S3Credentials;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Of the object; empty for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface S3Stream {
  readonly headers: S3Answer['headers'];
  readonly body: AsyncIterable<Uint8Array>;
}

/** What the service refused for good. */
export class S3Refusal extends Error {
  readonly status: number;
  /** `NoSuchKey` */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export class S3Client {
  readonly where: string;
  readonly #signer: Signer;
  readonly #base: URL;
  readonly #pool: Pool;

  /** @throws INVALID_INPUT */
  constructor(options: S3Options) {
    const { bucket, region = 'us-east-1', endpoint, credentials, prefix } = options;
    this.#signer = { region, credentials };
    this.#base = baseOf(bucket, region, endpoint);
    this.where = `the bucket ${bucket}${prefix ? ` (below ${prefix})` : ''} at ${this.#base.host}`;
    this.#pool = new Pool(this.#base.origin, {
      connections: CONNECTIONS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
    });
  }

  /** The whole answer, read. @throws S3Refusal; STORE_UNAVAILABLE, CANCELED, DEADLINE_EXCEEDED */
  async request(request: S3Request): Promise<S3Answer> {
    return this.#retrying(async () => {
      const { statusCode: status, headers, body } = await this.#send(request);
      const text = request.method === 'HEAD' ? await drained(body) : await this.#textOf(body);
      if (status >= 300) throw refusal(status, text);
      return { status, headers, text };
    });
  }

  /** The answer with its content to be read. @throws as `request` */
  async stream(request: S3Request): Promise<S3Stream> {
    return this.#retrying(async () => {
      const { statusCode: status, headers, body } = await this.#send(request);
      if (status >= 300) throw refusal(status, await this.#textOf(body));
      return { headers, body };
    });
  }

  /** @param headers that have to be sent with it, names in lower case. */
  presign(
    method: 'GET' | 'PUT',
    key: string,
    headers: Readonly<Record<string, string>>,
    expiresSeconds: number,
  ): string {
    return presignedUrl(
      this.#signer,
      { method, url: this.#url(key), headers },
      expiresSeconds,
      systemClock.wall(),
    );
  }

  /** What is not a refusal, as an error of the store. */
  unavailable(error: unknown): unknown {
    if (isGoblinError(error)) return error;
    const reason =
      error instanceof S3Refusal
        ? `${REASONS[error.code] ?? error.message} (${error.status} ${error.code})`
        : (error as Error).message;
    return new GoblinError('STORE_UNAVAILABLE', {
      message: `${this.where} cannot be used: ${reason}`,
      cause: error,
    });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #retrying<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (context.current.cancellation.cancelled) throw context.current.cancellation.reason;
        const isRefused = error instanceof S3Refusal && !isPassing(error);
        if (isRefused || isGoblinError(error)) throw error;
        if (attempt === MAX_ATTEMPTS) throw this.unavailable(error);
      }
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()), context.signal);
    }
  }

  async #send({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Dispatcher.ResponseData> {
    const url = this.#url(key);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const hash = body === undefined ? EMPTY_SHA256 : sha256(body);
    const signed = signedHeaders(this.#signer, { method, url, headers }, hash, systemClock.wall());
    const search = canonicalQuery(url);
    return this.#pool.request({
      method,
      path: search === '' ? url.pathname : `${url.pathname}?${search}`,
      headers: signed,
      body: body ?? null,
      signal: context.signal,
    });
  }

  #url(key: string): URL {
    const url = new URL(this.#base);
    const path = `${url.pathname.replace(/\/$/, '')}/${key.split('/').map(encodeURIComponent).join('/')}`;
    // The bucket itself, whose path is its name alone where it is not part of the host.
    url.pathname = key === '' && url.pathname !== '/' ? url.pathname : path;
    return url;
  }

  async #textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_ANSWER_BYTES)
        throw new GoblinError('STORE_UNAVAILABLE', {
          message: `${this.where} answered with more than ${MAX_ANSWER_BYTES} bytes where a list or an error was due`,
        });
      parts.push(part);
    }
    return Buffer.concat(parts).toString();
  }
}

async function drained(body: Dispatcher.ResponseData['body']): Promise<string> {
  await body.dump();
  return '';
}

/** @throws INVALID_INPUT */
function baseOf(bucket: string, region: string, endpoint: string | undefined): URL {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw new GoblinError('INVALID_INPUT', { message: `${JSON.stringify(bucket)} is no name of a bucket` });
  if (endpoint === undefined) {
    // A name with dots has no certificate as part of the host.
    return bucket.includes('.')
      ? new URL(`https://s3.${region}.amazonaws.com/${bucket}`)
      : new URL(`https://${bucket}.s3.${region}.amazonaws.com/`);
  }
  if (!/^https?:\/\/[^/]+\/?$/.test(endpoint)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(endpoint)} is no address of an S3 service: write https://host[:port]`,
    });
  }
  return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}`);
}

function refusal(status: number, text: string): S3Refusal {
  const code = textOf(text, 'Code') ?? (status === 404 ? 'NotFound' : `HTTP ${status}`);
  return new S3Refusal(status, code, textOf(text, 'Message') ?? `it answered with status ${status}`);
}

/** Whether the same may be granted a moment later. */
function isPassing({ status, code }: S3Refusal): boolean {
  return (
    (status >= 500 && status !== 501) ||
    status === 429 ||
    code === 'RequestTimeout' ||
    code === 'OperationAborted'
  );
}

/** What to do, where the service only says what. */
const REASONS: Readonly<Record<string, string>> = {
  AccessDenied: 'the credentials do not allow this: allow them to get, put, delete and list',
  InvalidAccessKeyId: 'the access key is not known there',
  NoSuchBucket: 'there is no such bucket: create it first',
  PermanentRedirect: 'the bucket is in another region',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
  SignatureDoesNotMatch: 'the secret access key, or the region, is wrong',
};
