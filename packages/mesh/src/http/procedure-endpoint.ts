/** Answers a procedure over HTTP: the hot path of a service. No URL, no Fetch objects, no timer: the path is looked
 * up in a Map, the body parsed where it lies, and the answer is one write. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type CallService, context, deadlines, GoblinError, type Procedure } from '@goblin/core';
import { type Admission, admittedOutcome } from '../admission/admission.ts';
import type { Pace } from '../admission/pace.ts';
import { Visit } from '../admission/visit.ts';
import { answer, answerConnectError, asGoblinError, type RawHeaders } from './answer.ts';
import { readBody } from './body.ts';
import { END, EnvelopeReader } from './connect-envelope.ts';
import {
  decodeJson,
  encodeJson,
  inputOfQuery,
  JSON_TYPE,
  PROTOCOL_VERSION,
  refuseCompression,
  STREAM_TYPE,
  VERSION_HEADER,
} from './connect-protocol.ts';
import { contextOf } from './context-headers.ts';
import type { Exchange } from './exchanges.ts';
import { answerStream, answerStreamError } from './procedure-stream.ts';
import { refusalHeaders } from './refusal-headers.ts';

export interface Endpoint {
  readonly procedure: Procedure;
  readonly procedures: CallService;
  /** How long it takes, where there is admission. */
  readonly pace: Pace | undefined;
}

/** Settles once the answer is written or the client has gone; never rejects. Who may not begin is refused before the
 * body is read. `query` is what follows the `?`. */
export async function answerProcedure(
  endpoint: Endpoint,
  exchange: Exchange,
  query: string,
  maxBodyBytes: number,
  admission: Admission | undefined,
): Promise<void> {
  const { procedure, procedures, pace } = endpoint;
  const { request, response, cancellation } = exchange;
  let visit: Visit | undefined;
  let hasBegun = false;
  try {
    const now = deadlines.clock.now();
    const values = contextOf(request.headers, cancellation, now, procedure.deadlineMs);
    const type = checkHead(request, procedure);
    const entering = admission && Visit.begin(admission, values, now, pace);
    visit = entering instanceof Promise ? await entering : entering;
    hasBegun = true;
    const input =
      type === undefined
        ? inputOfQuery(query)
        : inputOfBody(await readBody(request, maxBodyBytes), type, procedure, maxBodyBytes);
    const call = { procedure, input };
    if (procedure.stream) return await answerStream(response, values, procedures, call, () => visit?.open());
    const output = await context.enter(values, () => procedures(call));
    visit?.end('ok');
    answer(response, 200, JSON_TYPE, encodeJson(output));
  } catch (thrown) {
    const error = hasBegun ? begun(asGoblinError(thrown)) : asGoblinError(thrown);
    visit?.end(admittedOutcome(error));
    if (procedure.stream) answerStreamError(response, error);
    else answerConnectError(response, error, headersOf(procedure, error));
  }
}

/** What can be told before the body is read. Answers with the content type; undefined when the input is in the query.
 * @throws MALFORMED_REQUEST, METHOD_NOT_ALLOWED and those of checkType */
function checkHead({ headers, method }: IncomingMessage, procedure: Procedure): string | undefined {
  checkVersion(headers);
  if (method === 'GET' && procedure.get && !procedure.stream) return undefined;
  if (method !== 'POST') {
    throw new GoblinError('METHOD_NOT_ALLOWED', {
      message: `${procedure.path} does not take ${method}: use ${methodsOf(procedure)}`,
    });
  }
  const type = mediaType(headers['content-type']);
  checkType(headers, type, procedure);
  return type;
}

function inputOfBody(body: Buffer, type: string, procedure: Procedure, maxBodyBytes: number): unknown {
  if (procedure.stream) return inputOfEnvelope(body, maxBodyBytes);
  if (type !== JSON_TYPE && body[0] !== OPENING_BRACE) throw unsupported(type, JSON_TYPE);
  return decodeJson(body, 'the body');
}

const OPENING_BRACE = 0x7b;
/** What curl says of a body when it is told nothing, and what a client says that says nothing. */
const UNLABELLED = new Set(['', 'application/x-www-form-urlencoded']);

/** JSON is asked for. For people with curl, a JSON object that is not labelled will do; but not from a browser,
 * where it is what a foreign page can send with the user's cookies and without asking first (CSRF).
 * @throws UNSUPPORTED_MEDIA_TYPE, UNIMPLEMENTED, FORBIDDEN */
function checkType(headers: IncomingHttpHeaders, type: string, procedure: Procedure): void {
  if (procedure.stream) {
    if (type !== STREAM_TYPE) throw unsupported(type, STREAM_TYPE);
    refuseCompression('connect-content-encoding', headers['connect-content-encoding'] as string | undefined);
    return;
  }
  refuseCompression('content-encoding', headers['content-encoding']);
  if (type === JSON_TYPE) return;
  if (!UNLABELLED.has(type)) throw unsupported(type, JSON_TYPE);
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) {
    throw new GoblinError('FORBIDDEN', {
      message: `a browser must send content-type: ${JSON_TYPE}, so that other sites cannot call in its name`,
    });
  }
}

/** The type without parameters; the only charset JSON has is UTF-8. */
function mediaType(header: string | undefined): string {
  if (header === undefined || header === JSON_TYPE) return header ?? '';
  const [type = '', ...parameters] = header.toLowerCase().split(';');
  for (const parameter of parameters) {
    const [name, value] = parameter.trim().split('=');
    if (name === 'charset' && value?.replaceAll('"', '') !== 'utf-8') throw unsupported(header, JSON_TYPE);
  }
  return type.trim();
}

function unsupported(type: string, wanted: string): GoblinError {
  return new GoblinError('UNSUPPORTED_MEDIA_TYPE', {
    message: `content-type: ${type || '(none)'} is not understood here: send ${wanted}`,
  });
}

function checkVersion(headers: IncomingHttpHeaders): void {
  const version = headers[VERSION_HEADER];
  if (version === undefined || version === PROTOCOL_VERSION) return;
  throw new GoblinError('MALFORMED_REQUEST', {
    message: `${VERSION_HEADER}: ${version} is not understood: send ${PROTOCOL_VERSION}`,
  });
}

/** A streaming procedure takes one input, in one envelope. */
function inputOfEnvelope(body: Buffer, maxBytes: number): unknown {
  const reader = new EnvelopeReader(maxBytes);
  const [envelope, ...more] = reader.push(body);
  if (!envelope || more.length > 0 || reader.held > 0 || envelope.flags & END)
    throw new GoblinError('MALFORMED_REQUEST', { message: 'the body is not exactly one envelope' });
  return decodeJson(envelope.payload, 'the envelope');
}

function methodsOf(procedure: Procedure): string {
  return procedure.get && !procedure.stream ? 'GET, POST' : 'POST';
}

function headersOf(procedure: Procedure, error: GoblinError): RawHeaders {
  return error.code === 'METHOD_NOT_ALLOWED' ? ['allow', methodsOf(procedure)] : refusalHeaders(error);
}

/** A failure further down may say that *its* call was never begun; this one was, so that is not passed on. */
export function begun(error: GoblinError): GoblinError {
  if (error.data?.started === undefined) return error;
  const { started: _, ...data } = error.data;
  return new GoblinError(error.code, { message: error.message, data, cause: error });
}
