/** Asks the Palantir of this project over HTTP, as its pages do. */
import { GoblinError } from '@goblin/core';
import { controlClient } from '@goblin/deploy';
import type { CommandContext } from '../command.ts';
import { palantirToken, palantirUrl } from './palantir-link.ts';

const TIMEOUT_MS = 35_000;

export interface PalantirClient {
  /** @throws what the server says, by code; UNAVAILABLE when it does not answer */
  get<T>(path: string, params?: Params): Promise<T>;
  text(path: string): Promise<string>;
  post<T>(path: string, body: unknown): Promise<T>;
  remove(path: string): Promise<void>;
  /** The data of each event of a stream, until the signal is aborted. */
  events<T>(path: string, signal: AbortSignal): AsyncGenerator<T>;
}

type Params = Readonly<Record<string, string | undefined>>;

/** @throws UNAVAILABLE when goblin up does not run, or runs without it */
export async function palantirClient(context: CommandContext): Promise<PalantirClient> {
  const { dataFolder, model } = await context.project();
  const url = palantirUrl(await controlClient(dataFolder).status());
  if (url === undefined) {
    const reason = model.palantir
      ? 'it is starting, or failing: see goblin ls'
      : 'the app model says palantir: false';
    throw new GoblinError('UNAVAILABLE', { message: `palantir does not run: ${reason}` });
  }
  const token = palantirToken(dataFolder);

  async function ask(path: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    const response = await fetch(`${url}${path}`, { ...init, headers }).catch((cause: Error) => {
      throw new GoblinError('UNAVAILABLE', { message: `palantir does not answer at ${url}`, cause });
    });
    if (response.ok) return response;
    throw errorOf(response.status, await response.text());
  }
  const soon = (): AbortSignal => AbortSignal.timeout(TIMEOUT_MS);

  return {
    async get<T>(path: string, params: Params = {}) {
      const given = Object.entries(params).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const query = given.length > 0 ? `?${new URLSearchParams(given)}` : '';
      return (await (await ask(`${path}${query}`, { signal: soon() })).json()) as T;
    },
    text: async (path) => (await ask(path, { signal: soon() })).text(),
    async post<T>(path: string, body: unknown) {
      const headers = { 'content-type': 'application/json' };
      const response = await ask(path, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        signal: soon(),
      });
      const text = await response.text();
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    async remove(path) {
      await ask(path, { method: 'DELETE', signal: soon() });
    },
    async *events<T>(path: string, signal: AbortSignal) {
      const response = await ask(path, { signal });
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const events = (rest + value).split('\n\n');
        rest = events.pop()!;
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data !== undefined) yield JSON.parse(data) as T;
        }
      }
    },
  };
}

/** Of a problem document (RFC 9457), or of Prometheus' API. */
function errorOf(status: number, text: string): GoblinError {
  try {
    const { code, detail, message, error } = JSON.parse(text) as Record<string, string | undefined>;
    return new GoblinError(code ?? 'INVALID_INPUT', { message: detail ?? message ?? error ?? text });
  } catch {
    return new GoblinError('BAD_ANSWER', { message: `palantir answered ${status}: ${text.slice(0, 200)}` });
  }
}
