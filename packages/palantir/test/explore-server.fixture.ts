/** The built pages and scripted answers (explore-answers.fixture.ts), over HTTP on loopback, with the strictest policy that they
 * promise to work with. What is sent to it changes its answers, as a server's would. */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { LogLine } from '../src/model.ts';
import type { Answers } from './explore-answers.fixture.ts';

export interface ExploreServer extends AsyncDisposable {
  readonly origin: string;
  /** What was sent: `POST /palantir/…` and its body. */
  readonly sent: { readonly request: string; readonly body: Record<string, unknown> }[];
  /** What was asked for and is not there. */
  readonly missing: string[];
  readonly tails: number;
  /** To all that follow the logs. */
  tell(lines: readonly LogLine[]): void;
}

const POLICY =
  "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html',
};

export async function exploreServer(folder: string, answers: Answers): Promise<ExploreServer> {
  const sent: ExploreServer['sent'] = [];
  const missing: string[] = [];
  const tails = new Set<ServerResponse>();

  const server = createServer((request, response) => {
    handle(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url!, 'http://localhost');
    if (request.method !== 'GET') {
      const body = (await json(request)) as Record<string, unknown>;
      sent.push({ request: `${request.method} ${path}`, body });
      return answer(response, change(`${request.method} ${path}`, body));
    }
    if (path === '/palantir/live')
      return stream(response, `event: wall\ndata: ${JSON.stringify(answers.wall)}\n\n`);
    if (path === '/palantir/logs/tail') {
      tails.add(response);
      response.on('close', () => tails.delete(response));
      return stream(response, ': here\n\n');
    }
    if (path.startsWith('/palantir/') || path.startsWith('/api/')) {
      const found = read(path, query);
      if (found === undefined) missing.push(path);
      return answer(response, found);
    }
    await file(response, path.startsWith('/assets/') ? path : '/index.html');
  }

  function read(path: string, query: URLSearchParams): unknown {
    const [, , place, id, more] = path.split('/').map(decodeURIComponent);
    if (path.startsWith('/api/')) return prometheus(path, query, answers);
    switch (place) {
      case 'services':
        return id ? detail(id) : answers.wall.services;
      case 'changes':
        return answers.changes.filter(({ service }) => [null, service].includes(query.get('service')));
      case 'logs': {
        const text = query.get('query') ?? '';
        if (text.includes('oops'))
          return bad(
            `the query cannot be read at 1:${text.indexOf('oops') + 1}: "oops" is not expected here`,
          );
        const [from, to] = ['start', 'end'].map((name) => Number(query.get(name)) * 1_000);
        const lines = linesFor(text).filter(({ atMs }) => atMs >= from! && atMs <= to!);
        return id === 'counts'
          ? counts(lines)
          : lines
              .slice(0, Number(query.get('limit')))
              .map((line) => `${JSON.stringify(line)}\n`)
              .join('');
      }
      case 'traces':
        if (more === 'logs') return { lines: linesFor(`trace_id="${id}"`) };
        return id ? answers.trace(id) : query.get('query')!.includes('nothing') ? [] : answers.traces;
      case 'alerts':
        return answers.alerts;
      case 'settings':
        return answers.settings;
      case 'stacks':
        return answers.stacks;
      case 'slos': {
        if (!id) return answers.slos;
        const [from, to] = ['start', 'end'].map((name) => Number(query.get(name)) * 1_000);
        return answers.budget(id, from!, to!);
      }
      case 'silences':
        return answers.silences;
      case 'errors':
        return id
          ? answers.groups.find(({ fingerprint }) => fingerprint === id)
          : answers.groups.filter(({ state }) => state === query.get('state'));
      case 'oncall':
        return {
          now: { person: 'mira', fromMs: answers.now, untilMs: answers.now + 3_600_000 },
          next: [{ person: 'lena', fromMs: answers.now + 3_600_000, untilMs: answers.now + 7_200_000 }],
        };
      case 'incidents':
        if (more === 'report') return `# Incident 12\n`;
        return id ? answers.incident : [answers.incident];
    }
  }

  function linesFor(text: string): readonly LogLine[] {
    const service = /service="(\w+)"/.exec(text)?.[1];
    const contains = /\|= "([^"]+)"/.exec(text)?.[1];
    const trace = /trace_id="(\w+)"/.exec(text)?.[1];
    return answers.lines.filter(
      (line) =>
        (service === undefined || line.service === service) &&
        (contains === undefined || line.body.includes(contains)) &&
        (trace === undefined || line.traceId === trace),
    );
  }

  function detail(name: string): unknown {
    const service = answers.wall.services.find((one) => one.name === name);
    return (
      service && {
        ...service,
        docs: 'https://example.com/docs',
        contract: {
          name: `${name}.v1`,
          procedures: [{ name: 'due' }, { name: 'rates' }],
        },
      }
    );
  }

  function change(request: string, body: Record<string, unknown>): unknown {
    const decided = /^POST \/palantir\/errors\/([^/]+)\/(resolve|ignore|reopen)$/.exec(request);
    if (decided) {
      const state = ({ resolve: 'resolved', ignore: 'ignored', reopen: 'open' } as const)[
        decided[2] as 'resolve'
      ];
      const fingerprint = decodeURIComponent(decided[1]!);
      answers.groups = answers.groups.map((group) =>
        group.fingerprint === fingerprint
          ? { ...group, state, decision: { by: String(body.by), atMs: answers.now } }
          : group,
      );
      return {};
    }
    if (request === 'POST /palantir/silences') {
      answers.silences = [
        ...answers.silences,
        { id: 2, fromMs: answers.now, ...body } as Answers['silences'][number],
      ];
      return {};
    }
    if (request.startsWith('DELETE /palantir/silences/')) {
      answers.silences = answers.silences.filter(({ id }) => id !== Number(request.split('/').at(-1)));
      return {};
    }
    if (request === 'POST /palantir/incidents/12/acknowledge') {
      const entry = { atMs: answers.now, kind: 'acknowledged', text: 'taken', by: String(body.by) } as const;
      const { timeline } = answers.incident;
      answers.incident = {
        ...answers.incident,
        state: 'acknowledged',
        owner: String(body.by),
        timeline: [...timeline, entry],
      };
      return {};
    }
    if (request === 'POST /palantir/changes') {
      answers.changes = [
        { id: 10, atMs: answers.now, ...body } as Answers['changes'][number],
        ...answers.changes,
      ];
      return {};
    }
  }

  async function file(response: ServerResponse, path: string): Promise<void> {
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    if (!bytes) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': TYPES[extname(path)]!, 'content-security-policy': POLICY })
      .end(bytes);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    missing,
    get tails() {
      return tails.size;
    },
    tell(lines) {
      const text = lines.map((line) => `event: line\ndata: ${JSON.stringify(line)}\n\n`).join('');
      for (const tail of tails) tail.write(text);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function prometheus(path: string, query: URLSearchParams, answers: Answers): unknown {
  const data = (result: unknown): unknown => ({ status: 'success', data: result });
  const text = query.get('query') ?? '';
  if (text.includes('oops'))
    return bad(`the query cannot be read at 1:${text.indexOf('oops') + 1}: "oops" is not expected here`);
  switch (path) {
    case '/api/v1/query_range': {
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(query.get(name)));
      const times = Array.from(
        { length: Math.floor((end! - start!) / step!) + 1 },
        (_, index) => start! + index * step!,
      );
      return data({ resultType: 'matrix', result: answers.range(text, times) });
    }
    case '/api/v1/query': {
      const result = answers.range(text, [answers.now / 1_000]);
      return data({
        resultType: 'vector',
        result: result.map(({ metric, values: [value] }) => ({ metric, value })),
      });
    }
    case '/api/v1/query_exemplars': {
      const exemplar = (minutes: number, value: string, id: string) => ({
        labels: { trace_id: id },
        value,
        timestamp: answers.now / 1_000 - minutes * 60,
      });
      const traceId = answers.traces[0]!.traceId;
      const all = [
        exemplar(12, '0.842', traceId),
        exemplar(31, '0.12', traceId),
        exemplar(44, '0.2', traceId),
      ];
      return data([{ seriesLabels: { service: 'tax' }, exemplars: all }]);
    }
    case '/api/v1/labels':
      return data(['__name__', 'service', 'outcome', 'procedure']);
    case '/api/v1/label/__name__/values':
      return data([
        'process_resident_memory_bytes',
        'rpc_server_call_duration_seconds_bucket',
        'rpc_server_call_duration_seconds_count',
        'task_ready',
      ]);
    case '/api/v1/label/service/values':
      return data(answers.wall.services.map(({ name }) => name));
  }
}

function counts(lines: readonly LogLine[]): unknown {
  const found = new Map<string, { atMs: number; severity: number; count: number }>();
  for (const { atMs, severity } of lines) {
    const minute = Math.floor(atMs / 60_000) * 60_000;
    const key = `${minute} ${severity}`;
    const known = found.get(key) ?? { atMs: minute, severity, count: 0 };
    found.set(key, known);
    known.count++;
  }
  return [...found.values()];
}

function bad(message: string): unknown {
  return Object.assign(new Error(message), { code: 'INVALID_INPUT' });
}

function answer(response: ServerResponse, found: unknown): void {
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code: 'NOT_FOUND', message: 'there is nothing here' }));
  } else if (found instanceof Error) {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ code: 'INVALID_INPUT', message: found.message }));
  } else if (typeof found === 'string')
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end(found);
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
}

function stream(response: ServerResponse, first: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(first);
}
