/** Asks the server. An answer is JSON; an error is thrown with the sentence that the server gave. */

export class ServerError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const TIMEOUT_MS = 35_000;

export async function ask<T>(
  path: string,
  options: { signal?: AbortSignal; body?: unknown; method?: string } = {},
): Promise<T> {
  const response = await request(path, options);
  return (await response.json()) as T;
}

/** Gives each line of an answer of lines of JSON, as it comes. */
export async function* askLines<T>(path: string, signal?: AbortSignal): AsyncGenerator<T> {
  const response = await request(path, signal ? { signal } : {});
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : lines.pop()!;
    for (const line of lines) if (line) yield JSON.parse(line) as T;
    if (done) return;
  }
}

async function request(
  path: string,
  { signal, body, method }: { signal?: AbortSignal; body?: unknown; method?: string },
): Promise<Response> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  if (response.ok) return response;
  const text = await response.text();
  throw errorOf(response.status, text);
}

function errorOf(status: number, text: string): ServerError {
  try {
    const { code, errorType, detail, message, error } = JSON.parse(text) as Record<
      string,
      string | undefined
    >;
    return new ServerError(code ?? errorType ?? String(status), detail ?? message ?? error ?? text);
  } catch {
    return new ServerError(String(status), text || `the server answered ${status}`);
  }
}
