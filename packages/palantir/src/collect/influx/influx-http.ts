/** Asks an InfluxDB and gives its answer line by line, so that an answer of any length takes the memory of a line. */
import { GoblinError, type Secret } from '@goblin/core';

/** One line may be a chunk of many points. */
const MAX_LINE_BYTES = 16 * 1_048_576;
const MAX_FAULT_CHARACTERS = 300;

export interface InfluxAccess {
  /** Such as `http://influx:8086`. */
  readonly url: string;
  /** Of a database of version 2 or 3; of version 1.8 `user:password`. */
  readonly token?: Secret;
  /** Of version 1. */
  readonly user?: string;
  readonly password?: Secret;
  readonly fetch?: typeof fetch;
}

export interface InfluxRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** @throws UNAVAILABLE, FAILED_PRECONDITION with the database's words, BAD_ANSWER */
export async function* linesOf(access: InfluxAccess, request: InfluxRequest): AsyncGenerator<string> {
  const response = await ask(access, request);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    if (rest.length > MAX_LINE_BYTES)
      throw new GoblinError('BAD_ANSWER', {
        message: `${access.url} answers lines of more than ${MAX_LINE_BYTES} bytes`,
      });
    for (const part of parts) yield part.endsWith('\r') ? part.slice(0, -1) : part;
  }
  if (rest !== '') yield rest;
}

async function ask(access: InfluxAccess, request: InfluxRequest): Promise<Response> {
  const { url, token, user, password, fetch: send = fetch } = access;
  const { path, query = {}, method = 'GET', headers, body, signal } = request;
  const credentials = token
    ? `Token ${token.reveal()}`
    : user !== undefined
      ? `Basic ${Buffer.from(`${user}:${password?.reveal() ?? ''}`).toString('base64')}`
      : undefined;
  let response: Response;
  try {
    response = await send(`${url.replace(/\/+$/, '')}${path}?${new URLSearchParams(query)}`, {
      method,
      headers: { ...headers, ...(credentials && { authorization: credentials }) },
      ...(body !== undefined && { body }),
      signal,
      redirect: 'error',
    });
  } catch (cause) {
    const { message } = (signal.aborted ? signal.reason : cause) as Error;
    throw new GoblinError('UNAVAILABLE', {
      message: `InfluxDB at ${url} cannot be asked: ${message}`,
      cause,
    });
  }
  if (response.ok) return response;
  const fault = (await response.text()).slice(0, MAX_FAULT_CHARACTERS).trim();
  throw new GoblinError(response.status < 500 ? 'FAILED_PRECONDITION' : 'UNAVAILABLE', {
    message: `InfluxDB at ${url} answers ${response.status}: ${fault}`,
  });
}
