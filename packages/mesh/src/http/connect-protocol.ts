/** The Connect protocol in JSON, as far as both sides share it (https://connectrpc.com/docs/protocol). A procedure
 * is `POST /tax.v1/quote`; one that only reads is `GET` too; a streaming one answers in envelopes.
 *
 * A GoblinError crosses whole: the body carries Connect's own code and message, which any Connect client
 * understands, and a detail of type `goblin.Error` with code, message and data, which ours prefers. The HTTP
 * status is that of the error registry; Connect clients read the body, not the status.
 *
 * JSON has no `undefined`, so an empty body (or an empty envelope) stands for it. */
import { type ConnectCode, type ErrorCode, errorEntry, GoblinError } from '@goblin/core';

export const JSON_TYPE = 'application/json';
export const STREAM_TYPE = 'application/connect+json';
export const VERSION_HEADER = 'connect-protocol-version';
export const TIMEOUT_HEADER = 'connect-timeout-ms';
export const PROTOCOL_VERSION = '1';
/** The largest timeout that the ten digits of the header can say: 115 days. */
export const MAX_TIMEOUT_MS = 9_999_999_999;

const DETAIL_TYPE = 'goblin.Error';

/** An error as it stands in a body or in the last envelope of a stream. */
export interface ConnectError {
  readonly code: ConnectCode;
  readonly message: string;
  readonly details?: readonly ConnectDetail[];
}

interface ConnectDetail {
  readonly type: string;
  /** Base64 without padding. */
  readonly value: string;
  /** The same for people who read the wire. */
  readonly debug?: unknown;
}

/** What an error of another implementation becomes here. */
const CODE_OF: Readonly<Record<ConnectCode, ErrorCode>> = {
  canceled: 'CANCELED',
  unknown: 'INTERNAL',
  invalid_argument: 'INVALID_INPUT',
  deadline_exceeded: 'DEADLINE_EXCEEDED',
  not_found: 'NOT_FOUND',
  already_exists: 'ALREADY_EXISTS',
  permission_denied: 'FORBIDDEN',
  resource_exhausted: 'RESOURCE_EXHAUSTED',
  failed_precondition: 'FAILED_PRECONDITION',
  aborted: 'CONFLICT',
  out_of_range: 'INVALID_INPUT',
  unimplemented: 'UNIMPLEMENTED',
  internal: 'INTERNAL',
  unavailable: 'UNAVAILABLE',
  data_loss: 'INTERNAL',
  unauthenticated: 'UNAUTHENTICATED',
};

export function toConnectError(error: GoblinError): ConnectError {
  const whole = jsonOf(error);
  return {
    code: errorEntry(error.code).connect,
    message: error.message,
    details: [
      {
        type: DETAIL_TYPE,
        value: Buffer.from(whole).toString('base64').replace(/=+$/, ''),
        debug: JSON.parse(whole),
      },
    ],
  };
}

/** Data that JSON cannot say (a BigInt, a cycle) is left out rather than hiding the error behind another. */
function jsonOf(error: GoblinError): string {
  try {
    return JSON.stringify(error);
  } catch {
    return JSON.stringify({ code: error.code, message: error.message });
  }
}

/** The GoblinError that a decoded body stands for; undefined when it is not a Connect error. */
export function fromConnectError(body: unknown): GoblinError | undefined {
  if (!isRecord(body) || typeof body.code !== 'string') return undefined;
  const { code, message, details } = body;
  if (Array.isArray(details)) {
    for (const detail of details) {
      const error = isRecord(detail) && detail.type === DETAIL_TYPE ? wholeError(detail.value) : undefined;
      if (error) return error;
    }
  }
  if (!Object.hasOwn(CODE_OF, code)) return undefined;
  return goblinError(CODE_OF[code as ConnectCode], message, undefined);
}

function wholeError(value: unknown): GoblinError | undefined {
  try {
    const whole: unknown = JSON.parse(Buffer.from(String(value), 'base64').toString());
    if (!isRecord(whole) || typeof whole.code !== 'string') return undefined;
    return goblinError(whole.code, whole.message, whole.data);
  } catch {
    return undefined;
  }
}

function goblinError(code: string, message: unknown, data: unknown): GoblinError {
  return new GoblinError(code, {
    ...(typeof message === 'string' && message !== '' && { message }),
    ...(isRecord(data) && { data }),
  });
}

/** Body of an answer or a request: JSON, empty for `undefined`. @throws TypeError for what JSON cannot say. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

/** @throws MALFORMED_REQUEST naming `what` and the place where the JSON breaks. */
export function decodeJson(bytes: Buffer, what: string): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `${what} is not JSON: ${(error as Error).message}`,
      cause: error,
    });
  }
}

/** Milliseconds of a `Connect-Timeout-Ms` header. @throws MALFORMED_REQUEST */
export function parseTimeout(header: string): number {
  if (/^\d{1,10}$/.test(header)) return Number(header);
  throw new GoblinError('MALFORMED_REQUEST', {
    message: `${TIMEOUT_HEADER}: ${JSON.stringify(header)} is not a number of at most ten digits`,
  });
}

/** The header's value for the time left, rounded up so that a call with time left never looks expired. */
export function formatTimeout(leftMs: number): string {
  return String(Math.min(MAX_TIMEOUT_MS, Math.max(0, Math.ceil(leftMs))));
}

/** The input of a call by GET: `?connect=v1&encoding=json&message=…[&base64=1]`. No message is no input.
 * @throws MALFORMED_REQUEST, UNSUPPORTED_MEDIA_TYPE, UNIMPLEMENTED for compression */
export function inputOfQuery(query: string): unknown {
  const fields = new URLSearchParams(query);
  const encoding = fields.get('encoding') ?? 'json';
  if (encoding !== 'json') {
    throw new GoblinError('UNSUPPORTED_MEDIA_TYPE', {
      message: `encoding=${encoding} is not understood: send encoding=json`,
    });
  }
  refuseCompression('compression', fields.get('compression') ?? undefined);
  const message = fields.get('message');
  if (message === null) return undefined;
  const bytes = fields.get('base64') === '1' ? Buffer.from(message, 'base64url') : Buffer.from(message);
  return decodeJson(bytes, 'the parameter "message"');
}

/** @throws UNIMPLEMENTED unless the value is absent or `identity`. */
export function refuseCompression(name: string, value: string | undefined): void {
  if (value === undefined || value === 'identity' || value === '') return;
  throw new GoblinError('UNIMPLEMENTED', {
    message: `${name}: ${value} is not supported: send ${name}: identity`,
  });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
