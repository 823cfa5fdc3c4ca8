/** Every error that crosses a wall of Goblin is a GoblinError: a stable code, a sentence for a person and
 * data for a program. The registry below is the one table of the platform's own codes; a contract adds
 * codes of its own by `errors: ['CARD_DECLINED']`. docs/reference/errors.md is kept complete by a test. */

/** The codes of the Connect protocol (https://connectrpc.com/docs/protocol#error-codes). */
export type ConnectCode =
  | 'canceled'
  | 'unknown'
  | 'invalid_argument'
  | 'deadline_exceeded'
  | 'not_found'
  | 'already_exists'
  | 'permission_denied'
  | 'resource_exhausted'
  | 'failed_precondition'
  | 'aborted'
  | 'out_of_range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'data_loss'
  | 'unauthenticated';

export interface ErrorEntry {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Its code on the Connect wire. */
  readonly connect: ConnectCode;
  /** Whether the same call may be tried again at once, elsewhere, if it is idempotent. */
  readonly retryable: boolean;
  /** What it means, as a sentence. Also the message of an error that has none of its own. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
}

function entry(
  status: number,
  connect: ConnectCode,
  retryable: boolean,
  meaning: string,
  remedy: string,
): ErrorEntry {
  return { status, connect, retryable, meaning, remedy };
}

/** The platform's own codes. */
export const errorRegistry = {
  INVALID_INPUT: entry(
    400,
    'invalid_argument',
    false,
    'the input does not match what is asked for',
    'correct the fields that the message names',
  ),
  MALFORMED_REQUEST: entry(
    400,
    'invalid_argument',
    false,
    'the bytes are not a request of this protocol',
    'send valid HTTP and JSON; the message says where it broke',
  ),
  UNAUTHENTICATED: entry(
    401,
    'unauthenticated',
    false,
    'the caller did not say who it is',
    'send valid credentials',
  ),
  FORBIDDEN: entry(
    403,
    'permission_denied',
    false,
    'the caller may not do this',
    'ask for the permission that the message names',
  ),
  NOT_FOUND: entry(404, 'not_found', false, 'there is nothing here', 'check the identifier or the path'),
  METHOD_NOT_ALLOWED: entry(
    405,
    'unimplemented',
    false,
    'this path does not take this HTTP method',
    'use a method that the Allow header lists',
  ),
  REQUEST_TIMEOUT: entry(
    408,
    'deadline_exceeded',
    false,
    'the request did not arrive in time',
    'send the whole request sooner after opening it',
  ),
  ALREADY_EXISTS: entry(
    409,
    'already_exists',
    false,
    'it exists already',
    'read the existing one, or use another key',
  ),
  CONFLICT: entry(
    409,
    'aborted',
    false,
    'it was changed by somebody else meanwhile',
    'read it again and repeat the change',
  ),
  PAYLOAD_TOO_LARGE: entry(
    413,
    'resource_exhausted',
    false,
    'the body is larger than the limit',
    'send less, or raise the limit that the message names',
  ),
  UNSUPPORTED_MEDIA_TYPE: entry(
    415,
    'invalid_argument',
    false,
    'this content type is not understood',
    'send application/json',
  ),
  FAILED_PRECONDITION: entry(
    422,
    'failed_precondition',
    false,
    'the system is not in the state this needs',
    'bring it into that state first',
  ),
  RESOURCE_EXHAUSTED: entry(
    429,
    'resource_exhausted',
    true,
    'a limit is reached',
    'wait as long as Retry-After says',
  ),
  HEADERS_TOO_LARGE: entry(
    431,
    'resource_exhausted',
    false,
    'the request headers are larger than the limit',
    'send fewer or shorter headers',
  ),
  CANCELED: entry(499, 'canceled', false, 'the caller went away', 'nothing: nobody waits for the answer'),
  INTERNAL: entry(
    500,
    'internal',
    false,
    'the service failed in a way it did not foresee',
    'look at its log by the trace id',
  ),
  UNIMPLEMENTED: entry(
    501,
    'unimplemented',
    false,
    'this procedure does not exist here',
    'compare the versions of both contracts',
  ),
  BAD_ANSWER: entry(
    502,
    'internal',
    false,
    'the other side answered with something that is not an answer',
    'check that a Goblin service listens at the address',
  ),
  UNAVAILABLE: entry(
    503,
    'unavailable',
    true,
    'the service cannot take this call now',
    'try again; it was not carried out',
  ),
  NO_PEER: entry(
    503,
    'unavailable',
    true,
    'no instance of the service is known and ready',
    'start one, or look at `goblin ls`',
  ),
  CONNECTION_FAILED: entry(
    503,
    'unavailable',
    true,
    'the connection failed before an answer came',
    'try again if the call is idempotent',
  ),
  DEADLINE_EXCEEDED: entry(
    504,
    'deadline_exceeded',
    false,
    'there was no answer in time',
    'look for the slow hop in the trace, or give it more time',
  ),
  CONFIG_INVALID: entry(
    500,
    'failed_precondition',
    false,
    'settings are missing or wrong',
    'correct each setting that the message lists',
  ),
  MODULE_FAILED: entry(
    500,
    'failed_precondition',
    false,
    'a module could not start',
    'the message names the module and the cause',
  ),
  PORT_IN_USE: entry(
    500,
    'failed_precondition',
    false,
    'another program listens on this port',
    'stop it, or choose another port',
  ),
  CONTRACT_BROKEN: entry(
    500,
    'failed_precondition',
    false,
    'the contract breaks its callers',
    'keep what is published, or publish a new version',
  ),
  DATABASE_UNAVAILABLE: entry(
    503,
    'unavailable',
    true,
    'the database cannot be reached',
    'look at the database; the message says where it should be',
  ),
  MIGRATION_FAILED: entry(
    500,
    'failed_precondition',
    false,
    'a migration could not be applied',
    'the message names the file and the cause; nothing of it was kept',
  ),
  TASK_LOST: entry(
    409,
    'aborted',
    false,
    'the worker does not hold this task any more',
    'let the transaction roll back; whoever holds the task now ends it',
  ),
  STORE_UNAVAILABLE: entry(
    503,
    'unavailable',
    true,
    'the store of blobs cannot be used',
    'look at the folder or service that the message names: is it there, is it full, may this user write',
  ),
  DATA_DAMAGED: entry(
    500,
    'data_loss',
    false,
    'what is stored is not what was written',
    'take another copy; the message names what is damaged',
  ),
  TENANT_REQUIRED: entry(
    403,
    'permission_denied',
    false,
    'this work belongs to no tenant',
    'call it on behalf of a tenant',
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorRegistry;

/** What a contract's own code stands for: a rule of the business said no. */
const DECLARED: ErrorEntry = entry(
  422,
  'failed_precondition',
  false,
  'the service declined',
  'see the documentation of the contract',
);

/** The entry of a code; a code that a contract declared has the general one. */
export function errorEntry(code: string): ErrorEntry {
  return Object.hasOwn(errorRegistry, code) ? errorRegistry[code as ErrorCode] : DECLARED;
}

export interface ErrorOptions {
  readonly message?: string;
  /** For programs, sent to the caller: plain JSON, no secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class GoblinError extends Error {
  override readonly name = 'GoblinError';
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode | (string & {}), options: ErrorOptions = {}) {
    super(
      options.message ?? defaultMessage(code),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.data = options.data;
  }

  /** HTTP status. */
  get status(): number {
    return errorEntry(this.code).status;
  }

  get retryable(): boolean {
    return errorEntry(this.code).retryable;
  }

  toJSON(): { code: string; message: string; data?: Readonly<Record<string, unknown>> } {
    return { code: this.code, message: this.message, ...(this.data && { data: this.data }) };
  }
}

/** Ends the work with a coded error. It returns `never`, so it fits behind `??`.
 * @example const rate = rates.get(country) ?? fail('UNKNOWN_COUNTRY', { country }); */
export function fail(
  code: ErrorCode | (string & {}),
  data?: Readonly<Record<string, unknown>>,
  message?: string,
): never {
  throw new GoblinError(code, { ...(data && { data }), ...(message !== undefined && { message }) });
}

/** Whether something thrown is a GoblinError, of a given code where one is named. */
export function isGoblinError(error: unknown, code?: ErrorCode | (string & {})): error is GoblinError {
  return error instanceof GoblinError && (code === undefined || error.code === code);
}

function defaultMessage(code: string): string {
  return Object.hasOwn(errorRegistry, code)
    ? errorRegistry[code as ErrorCode].meaning
    : code.toLowerCase().replaceAll('_', ' ');
}
