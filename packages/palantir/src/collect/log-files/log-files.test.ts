import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { LogLine } from '../../model.ts';
import { openState } from '../../state/state-database.ts';
import { metricOf, running, temporaryFolder, toolsFor, until } from '../testing/collecting.ts';
import { FULL, type RecordingStore, recordingStore } from '../testing/recording-store.ts';
import { findLogs } from './log-file-set.ts';
import { type LogFilesOptions, logFiles } from './log-files.ts';
import { LogTail, MAX_LINE_BYTES } from './log-tail.ts';

const AT = '2026-11-21T08:00:00.000Z';

function record(n: number, service = 'tax'): string {
  return `${JSON.stringify({ time: AT, level: 'info', service, instance: `${service}-1`, msg: `line ${n}` })}\n`;
}

interface Site extends Disposable {
  readonly store: RecordingStore;
  readonly logs: string;
  /** What the metric says that was lost. */
  readonly lost: number;
  write(service: string, ...numbers: number[]): void;
  /** As the supervisor does it. */
  rotate(service: string): void;
  start(options?: Partial<LogFilesOptions>): AsyncDisposable;
  /** Numbers of the lines kept, in order. */
  kept(service?: string): number[];
  has(count: number): Promise<void>;
}

function site(): Site {
  const folder = temporaryFolder();
  const logs = join(folder.path, 'logs');
  mkdirSync(logs);
  const state = openState(folder.path);
  const store = recordingStore();
  const tools = { ...toolsFor(store), state };
  const path = (service: string, generation: number): string =>
    join(logs, generation === 0 ? `${service}.ndjson` : `${service}.${generation}.ndjson`);
  const one: Site = {
    store,
    logs,
    get lost() {
      return metricOf(tools.metrics, 'collector_lost_total', 'log files');
    },
    write: (service, ...numbers) =>
      appendFileSync(path(service, 0), numbers.map((n) => record(n, service)).join('')),
    rotate(service) {
      for (const generation of [1, 0]) {
        try {
          renameSync(path(service, generation), path(service, generation + 1));
        } catch {
          // It is not there yet.
        }
      }
    },
    start: (options) => running(logFiles(tools, { folder: logs, pollMs: 100, ...options })),
    kept: (service = 'tax') =>
      store.logs.filter((line) => line.service === service).map(({ body }) => Number(body.slice(5))),
    has: (count) => until(() => store.logs.length >= count, `${count} lines are kept`),
    [Symbol.dispose]() {
      state[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
  return one;
}

test('lines are kept as they are written, of services that come later too', async () => {
  using one = site();
  one.write('tax', 1, 2);
  await using _ = one.start();
  await one.has(2);
  one.write('tax', 3);
  one.write('mail', 1);
  await one.has(4);
  assert.deepEqual([one.kept(), one.kept('mail')], [[1, 2, 3], [1]]);
  const [line] = one.store.logs;
  assert.deepEqual(line, {
    atMs: Date.parse(AT),
    severity: 9,
    body: 'line 1',
    service: 'tax',
    attributes: { instance: 'tax-1' },
  });
});

test('half a line waits until it is whole', async () => {
  using one = site();
  await using _ = one.start();
  const text = record(1);
  writeFileSync(join(one.logs, 'tax.ndjson'), text.slice(0, 20));
  one.write('mail', 1);
  await one.has(1);
  assert.deepEqual(one.kept(), []);
  appendFileSync(join(one.logs, 'tax.ndjson'), text.slice(20));
  await one.has(2);
  assert.deepEqual(one.kept(), [1]);
});

test('nothing is lost or read twice when it stops and starts, while lines come and files rotate', async () => {
  using one = site();
  for (const round of [0, 1, 2]) {
    const base = round * 100;
    one.write('tax', base + 1);
    {
      await using _ = one.start();
      await one.has(one.kept().length + 1);
      one.rotate('tax');
      one.write('tax', base + 2);
      await one.has(round * 4 + 2);
    }
    one.write('tax', base + 3);
    one.rotate('tax');
    one.write('tax', base + 4);
    await using _ = one.start();
    await one.has(round * 4 + 4);
  }
  assert.deepEqual(one.kept(), [1, 2, 3, 4, 101, 102, 103, 104, 201, 202, 203, 204]);
  assert.equal(one.lost, 0);
});

test('who is told of lines once they are kept is told of each once, also where what it does with them fails', async () => {
  using one = site();
  const told: number[] = [];
  let fails = true;
  const kept = (lines: readonly LogLine[]): void => {
    if (fails) throw new Error('no room');
    told.push(...lines.map(({ body }) => Number(body.slice(5))));
  };
  one.write('tax', 1, 2);
  {
    await using _ = one.start({ kept });
    // It reads them again and again.
    await one.has(4);
    fails = false;
    await until(() => told.length === 2, 'it is told');
    one.write('tax', 3);
    await until(() => told.length === 3, 'it is told of what comes after');
  }
  one.write('tax', 4);
  await using _ = one.start({ kept });
  await until(() => told.length === 4, 'it is told after a restart');
  assert.deepEqual(told, [1, 2, 3, 4]);
});

test('what was rotated away unseen is counted, and what is still there is read, also where the inode came back', async () => {
  using one = site();
  one.write('tax', 1);
  {
    await using _ = one.start();
    await one.has(1);
  }
  one.write('tax', 2);
  for (const n of [3, 4, 5]) {
    one.rotate('tax');
    one.write('tax', n);
  }
  await using _ = one.start();
  await one.has(4);
  assert.deepEqual(one.kept(), [1, 3, 4, 5]);
  assert.equal(one.lost, 1);
});

test('a file that was rotated away while it was read is read to its end', async () => {
  using one = site();
  one.write('tax', 1);
  await using _ = one.start();
  await one.has(1);
  let open = (): void => {};
  one.store.gate = new Promise((resolve) => {
    open = resolve;
  });
  one.write('tax', 2);
  one.write('tax', 3);
  for (const n of [4, 5, 6]) {
    one.rotate('tax');
    one.write('tax', n);
  }
  open();
  one.store.gate = undefined;
  one.write('tax', 7);
  await one.has(7);
  assert.deepEqual(one.kept(), [1, 2, 3, 4, 5, 6, 7]);
});

test('while the store is full it waits, and keeps all of it in order when there is room', async () => {
  using one = site();
  one.store.failure = FULL;
  one.write('tax', 1);
  await using _ = one.start();
  for (let n = 2; n <= 50; n++) one.write('tax', n);
  one.store.failure = undefined;
  await one.has(50);
  assert.deepEqual(
    one.kept(),
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
  assert.equal(one.lost, 0);
});

test('a long log is read in pieces that end at lines, and a long one holds up no other', async () => {
  using one = site();
  const count = 20_000;
  for (let n = 0; n < count; n += 1_000) one.write('tax', ...Array.from({ length: 1_000 }, (_, i) => n + i));
  one.write('mail', 1);
  await using _ = one.start();
  await until(() => one.kept('mail').length === 1, 'the short log is read');
  await one.has(count + 1);
  assert.deepEqual(
    one.kept(),
    Array.from({ length: count }, (_, i) => i),
  );
});

test('a damaged line is kept as text, one that is too long is counted, and those around them are kept', async () => {
  using one = site();
  one.write('tax', 1);
  appendFileSync(join(one.logs, 'tax.ndjson'), '{"time":"2026-\n');
  appendFileSync(join(one.logs, 'tax.ndjson'), `${'x'.repeat(2 * MAX_LINE_BYTES + 10)}\n`);
  one.write('tax', 2);
  await using _ = one.start();
  await one.has(3);
  assert.deepEqual(
    one.store.logs.map(({ body }) => body),
    ['line 1', '{"time":"2026-', 'line 2'],
  );
  assert.equal(one.lost, 1);
});

test('a line that a killed supervisor cut off is kept when its file is over', async () => {
  using one = site();
  one.write('tax', 1);
  appendFileSync(join(one.logs, 'tax.ndjson'), '{"time":"20');
  await using _ = one.start();
  await one.has(1);
  one.rotate('tax');
  one.write('tax', 2);
  await one.has(3);
  assert.deepEqual(
    one.store.logs.map(({ body }) => body),
    ['line 1', '{"time":"20', 'line 2'],
  );
});

test('a file that was made shorter is read from its beginning', async () => {
  using one = site();
  one.write('tax', 1, 2);
  await using _ = one.start();
  await one.has(2);
  truncateSync(join(one.logs, 'tax.ndjson'));
  one.write('tax', 3);
  await one.has(3);
  assert.deepEqual(one.kept(), [1, 2, 3]);
  assert.equal(one.lost, 1);
});

test('it waits for a folder that is not there yet', async () => {
  using one = site();
  rmSync(one.logs, { recursive: true });
  await using _ = one.start();
  mkdirSync(one.logs);
  one.write('tax', 1);
  await one.has(1);
});

test('a file that grows after it was listed is read on, not from its beginning', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-log-tail-'));
  const path = join(folder, 'tax.ndjson');
  writeFileSync(path, 'first\n');
  const listed = (await findLogs(folder)).get('tax')!;
  appendFileSync(path, 'second\n');
  const read: string[] = [];
  const told: string[] = [];
  await using tail = new LogTail('tax', undefined, {
    line: (text) => read.push(text),
    lost: (why) => told.push(why),
  });
  await tail.read(listed, 1_000);
  appendFileSync(path, 'third\n');
  await tail.read(listed, 1_000);
  assert.deepEqual([read, told], [['first', 'second', 'third'], []]);
  rmSync(folder, { recursive: true });
});
