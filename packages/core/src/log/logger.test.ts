import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Secret } from '../config/secret.ts';
import { context } from '../context.ts';
import { GoblinError } from '../errors.ts';
import type { Logger } from './log.ts';
import { createLogger, type ErrorReport, type LoggerOptions } from './logger.ts';

type Line = Record<string, unknown>;

function logged(use: (log: Logger) => void, options: Partial<LoggerOptions> = {}): Line[] {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  use(createLogger({ service: 'tax', instance: 'tax-1', level: 'trace', destination, ...options }));
  return lines;
}

test('a line is one JSON object with time, level as a word, service, instance, fields and message', () => {
  const [line] = logged((log) => log.warn({ ms: 12 }, 'slow'), { version: '1.2.3' });
  const { time, ...rest } = line!;
  assert.ok(Math.abs(Date.now() - Date.parse(time as string)) < 5_000);
  assert.match(time as string, /Z$/);
  assert.deepEqual(rest, {
    level: 'warn',
    service: 'tax',
    instance: 'tax-1',
    version: '1.2.3',
    ms: 12,
    msg: 'slow',
  });
});

test('a line carries the trace, the tenant and the request id of the call it was written in', () => {
  const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
  const [inside, outside] = logged((log) => {
    context.run({ trace, tenant: 'acme', requestId: 'r-1' }, () => log.info('inside'));
    log.info('outside');
  });
  assert.deepEqual(
    [inside!.traceId, inside!.spanId, inside!.tenant, inside!.requestId],
    [trace.traceId, trace.spanId, 'acme', 'r-1'],
  );
  assert.ok(!('traceId' in outside!) && !('tenant' in outside!));
});

test('a child adds its fields to each line, and its children theirs', () => {
  const [line] = logged((log) =>
    log.child({ part: 'mesh' }).child({ peer: 'a', password: 'x' }).info('hello'),
  );
  assert.deepEqual([line!.part, line!.peer, line!.password], ['mesh', 'a', '[redacted]']);
});

test('lines below the level are not written, and a wrong LOG_LEVEL is refused by name', () => {
  assert.equal(logged((log) => log.info('hello'), { level: 'warn' }).length, 0);
  process.env.LOG_LEVEL = 'chatty';
  try {
    assert.throws(() => createLogger({ service: 'tax' }), {
      code: 'CONFIG_INVALID',
      message: /LOG_LEVEL is "chatty"/,
    });
  } finally {
    delete process.env.LOG_LEVEL;
  }
});

test('an error is written with its type, code, data, stack and the chain of its causes', () => {
  const socket = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', port: 5432 });
  const error = new GoblinError('DATABASE_UNAVAILABLE', {
    data: { host: 'db', password: 'x' },
    cause: socket,
  });
  const [line] = logged((log) => log.error({ err: error }, 'no database'));
  const { stack, cause, ...err } = line!.err as Line;
  assert.match(stack as string, /logger\.test\.ts/);
  assert.deepEqual(err, {
    type: 'GoblinError',
    code: 'DATABASE_UNAVAILABLE',
    message: 'the database cannot be reached',
    data: { host: 'db', password: '[redacted]' },
  });
  const { stack: _, ...inner } = cause as Line;
  assert.deepEqual(inner, {
    type: 'Error',
    code: 'ECONNREFUSED',
    port: 5432,
    message: 'connect ECONNREFUSED',
  });
});

test('nothing that a caller logs makes writing throw', () => {
  const circle: Line = { name: 'circle' };
  circle.self = circle;
  const lines = logged((log) => {
    log.info({ circle }, 'a circle');
    log.info({ big: 10n, missing: undefined, call: () => 1, symbol: Symbol('s') }, 'no JSON');
    log.info(
      {
        trap: {
          get x() {
            throw new Error('no');
          },
        },
      },
      'a getter that throws',
    );
    log.info({ error: 'a text', err: 'no error' }, 'texts for errors');
    log.error({ err: Object.assign(new Error('round'), { cause: circle }) }, 'a round error');
  });
  assert.equal(lines.length, 5);
  assert.equal(lines[2]!.trap as unknown, '[unreadable: no]');
});

test('an error tracker is told of errors and fatals that carry one, with the fields of line, logger and context', () => {
  const reports: ErrorReport[] = [];
  const error = new Error('boom');
  logged(
    (log) => {
      const child = log.child({ part: 'mesh' });
      context.run({ tenant: 'acme' }, () =>
        child.error({ err: error, token: new Secret('x'), card: { number: '4242' } }, 'failed'),
      );
      log.warn({ err: error }, 'no report');
      log.error({ detail: 1 }, 'no report');
      log.error('no report');
      log.fatal({ err: error }, 'the end');
    },
    { onError: (report) => reports.push(report) },
  );
  assert.equal(reports.length, 2);
  const [first, second] = reports;
  assert.equal(first!.error, error);
  assert.deepEqual([first!.level, first!.message, second!.level], ['error', 'failed', 'fatal']);
  assert.equal(
    JSON.stringify(first!.fields),
    '{"service":"tax","instance":"tax-1","part":"mesh","tenant":"acme","token":"[secret]","card":{"number":"[redacted]"}}',
  );
});

const run = promisify(execFile);
const LOGGER = pathToFileURL(`${import.meta.dirname}/logger.ts`).href;

/** Runs a program that logs, and answers the numbers of the lines that arrived. */
async function linesOf(program: string): Promise<number[]> {
  const source = `import { createLogger } from '${LOGGER}';
    const log = createLogger({ service: 'tax', level: 'info' });
    ${program}`;
  const options = { maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run(
    process.execPath,
    ['--input-type=module-typescript', '-e', source],
    options,
  ).catch((error: { stdout: string }) => error);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).n as number);
}

test('nothing is lost when the process exits, by itself, by process.exit, by an uncaught exception, or after fatal', async () => {
  const many = 'for (let n = 0; n < 5000; n++) log.info({ n, filling: "x".repeat(100) }, "line");';
  const expected = Array.from({ length: 5_000 }, (_, n) => n);
  const [whole, exited, thrown, killed] = await Promise.all([
    linesOf(many),
    linesOf(`${many} process.exit(3);`),
    linesOf(`${many} throw new Error('uncaught');`),
    linesOf(
      `log.info({ n: 0 }, 'first'); log.fatal({ n: 1 }, 'last'); process.kill(process.pid, 'SIGKILL');`,
    ),
  ]);
  assert.deepEqual(whole, expected);
  assert.deepEqual(exited, expected);
  assert.deepEqual(thrown, expected);
  assert.deepEqual(killed, [0, 1]);
});
