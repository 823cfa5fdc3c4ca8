/** What Sleuth says by WHISPER: `SLEUTH-v1`, then `REPL` (a request) or `RECV` (its answer), then JSON by gzip. Whoever
 * wrote it may be a stranger: what unpacks to more than MAX_PLAIN_BYTES is refused while it unpacks, and each field is
 * checked. */

import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import { GoblinError } from '@goblin/core';
import { isRecord } from '../http/connect-protocol.ts';

export const SLEUTH_GROUP = 'SLEUTH-v1';
const REQUEST = 'REPL';
const RESPONSE = 'RECV';
const PREFIX_BYTES = SLEUTH_GROUP.length + REQUEST.length;

/** Of a message as it is sent, and of its JSON. */
export const MAX_PACKED_BYTES = 1_048_576;
export const MAX_PLAIN_BYTES: number = 8 * 1_048_576;
/** What is packed and unpacked at once, in a fraction of a millisecond: a thread for it would cost several times that. */
const SMALL_PACKED_BYTES = 16_384;
const SMALL_PLAIN_BYTES = 131_072;
const MAX_HANDLE_LENGTH = 128;
const MAX_URL_LENGTH = 16_384;
const MAX_HEADERS = 256;

const gzipApart = promisify(gzip);
const gunzipApart = promisify(gunzip);

export type SleuthHeaders = Readonly<Record<string, readonly string[]>>;

export interface SleuthRequest {
  readonly kind: 'request';
  /** Chosen by who asks, to know the answer by. */
  readonly handle: string;
  /** Who asks: its uuid, 32 upper-case hex digits. */
  readonly destination: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: SleuthHeaders;
  readonly body: Buffer;
}

export interface SleuthResponse {
  readonly kind: 'response';
  readonly handle: string;
  /** HTTP status. */
  readonly code: number;
  readonly headers: SleuthHeaders;
  readonly body: Buffer;
}

/** @throws PAYLOAD_TOO_LARGE when it would not be taken by the other side */
export async function encodeSleuth(message: SleuthRequest | SleuthResponse): Promise<Buffer> {
  const { handle, headers: header } = message;
  const body = message.body.length > 0 ? message.body.toString('base64') : undefined;
  // The keys in the order of Go's encoding.
  const json =
    message.kind === 'request'
      ? { body, destination: message.destination, handle, header, method: message.method, url: message.url }
      : { body: body ?? null, code: message.code, handle, header };
  const plain = Buffer.from(JSON.stringify(json));
  if (plain.length > MAX_PLAIN_BYTES) throw tooLarge(plain.length, MAX_PLAIN_BYTES);
  const packed = plain.length <= SMALL_PLAIN_BYTES ? gzipSync(plain) : await gzipApart(plain);
  if (packed.length > MAX_PACKED_BYTES - PREFIX_BYTES) throw tooLarge(packed.length, MAX_PACKED_BYTES);
  return Buffer.concat([
    Buffer.from(SLEUTH_GROUP + (message.kind === 'request' ? REQUEST : RESPONSE)),
    packed,
  ]);
}

/** @throws MALFORMED_REQUEST */
export async function decodeSleuth(content: Uint8Array): Promise<SleuthRequest | SleuthResponse> {
  const prefix = Buffer.from(content.subarray(0, PREFIX_BYTES)).toString('latin1');
  if (prefix !== SLEUTH_GROUP + REQUEST && prefix !== SLEUTH_GROUP + RESPONSE)
    throw malformed('it begins with neither SLEUTH-v1REPL nor SLEUTH-v1RECV');
  const value = await unpacked(content.subarray(PREFIX_BYTES));
  if (!isRecord(value)) throw malformed('it is not an object');
  const { handle } = value;
  if (typeof handle !== 'string' || handle.length > MAX_HANDLE_LENGTH) throw malformed('it has no handle');
  const shared = { handle, headers: headersOf(value.header), body: bodyOf(value.body) };
  return prefix.endsWith(REQUEST)
    ? { kind: 'request', ...shared, ...requestFields(value) }
    : { kind: 'response', ...shared, code: codeOf(value.code) };
}

async function unpacked(bytes: Uint8Array): Promise<unknown> {
  let plain: Buffer;
  try {
    plain = unpackedAtOnce(bytes) ?? (await gunzipApart(bytes, { maxOutputLength: MAX_PLAIN_BYTES }));
  } catch (error) {
    throw malformed(`it does not unpack to at most ${MAX_PLAIN_BYTES} bytes: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(plain.toString());
  } catch {
    throw malformed('it is not JSON');
  }
}

/** Undefined for what is larger than it seems, a zip bomb among it. @throws for what is no gzip */
function unpackedAtOnce(bytes: Uint8Array): Buffer | undefined {
  if (bytes.length > SMALL_PACKED_BYTES) return undefined;
  try {
    return gunzipSync(bytes, { maxOutputLength: SMALL_PLAIN_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}

function requestFields({
  method,
  url,
  destination,
}: Record<string, unknown>): Pick<SleuthRequest, 'method' | 'url' | 'destination'> {
  if (typeof method !== 'string' || !/^[A-Za-z-]{1,32}$/.test(method)) throw malformed('it has no method');
  if (typeof url !== 'string' || url.length > MAX_URL_LENGTH) throw malformed('it has no url');
  if (typeof destination !== 'string' || !/^[0-9A-Fa-f]{32}$/.test(destination))
    throw malformed('it has no destination');
  return { method: method.toUpperCase(), url, destination: destination.toUpperCase() };
}

function codeOf(code: unknown): number {
  if (!Number.isInteger(code)) throw malformed('it has no code');
  return code as number;
}

function bodyOf(body: unknown): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body !== 'string') throw malformed('its body is not base64');
  return Buffer.from(body, 'base64');
}

function headersOf(header: unknown): SleuthHeaders {
  if (header === undefined || header === null) return {};
  if (!isRecord(header)) throw malformed('its header is not an object');
  const entries = Object.entries(header);
  if (entries.length > MAX_HEADERS) throw malformed(`it has more than ${MAX_HEADERS} headers`);
  return Object.fromEntries(
    entries.map(([name, values]) => {
      if (
        !Array.isArray(values) ||
        values.length > MAX_HEADERS ||
        !values.every((v) => typeof v === 'string')
      )
        throw malformed(`its header ${JSON.stringify(name)} is not a list of texts`);
      return [name, values as string[]];
    }),
  );
}

function tooLarge(size: number, limit: number): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `this has ${size} bytes as a Sleuth message, where ${limit} are allowed: send less, or by HTTP`,
  });
}

function malformed(what: string): GoblinError {
  return new GoblinError('MALFORMED_REQUEST', { message: `this is not a message of Sleuth: ${what}` });
}
