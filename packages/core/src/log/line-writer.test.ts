import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { lineWriter } from './line-writer.ts';

/** A named pipe whose both ends never block, as a supervisor's pipe may be. */
function pipe(): { readonly writer: number; read(): string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const bytes = Buffer.alloc(64 * 1024);
  const decoder = new TextDecoder();
  return {
    writer,
    read() {
      try {
        return decoder.decode(bytes.subarray(0, readSync(reader, bytes)), { stream: true });
      } catch {
        return '';
      }
    },
    [Symbol.dispose]() {
      closeSync(reader);
      closeSync(writer);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Reads until `done`, giving the writer its turns. */
async function readUntil(source: { read(): string }, done: (text: string) => boolean): Promise<string> {
  let text = '';
  while (!done(text)) {
    text += source.read();
    await setImmediate();
  }
  return text;
}

test('the lines of one turn are written in order at its end', async () => {
  using target = pipe();
  const writer = lineWriter(target.writer);
  writer.write('a\n');
  writer.write('b\n');
  assert.equal(target.read(), '');
  assert.equal(await readUntil(target, (text) => text.length >= 4), 'a\nb\n');
});

test('flushSync writes at once', () => {
  using target = pipe();
  const writer = lineWriter(target.writer);
  writer.write('a\n');
  writer.flushSync();
  assert.equal(target.read(), 'a\n');
});

test('a pipe that is full loses nothing: the lines wait and keep their order', async () => {
  using target = pipe();
  const writer = lineWriter(target.writer);
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n} ${'ü'.repeat(20)}\n`);
  for (const line of lines) writer.write(line);
  const text = await readUntil(target, (read) => read.includes('line 19999 ') && read.endsWith('\n'));
  assert.equal(text, lines.join(''));
});

test('a reader that is far too slow costs lines, which are counted, but no memory and no waiting', async () => {
  using target = pipe();
  const writer = lineWriter(target.writer);
  const line = `${'x'.repeat(1_023)}\n`;
  for (let n = 0; n < 20_000; n++) writer.write(line);
  const text = await readUntil(target, (read) => read.includes('log lines were dropped'));
  const written = text.split('\n').filter((each) => each.startsWith('x')).length;
  const dropped = Number(/(\d+) log lines were dropped/.exec(text)![1]);
  assert.equal(written + dropped, 20_000);
  assert.ok(written >= 8_000);
});

test('a reader that is gone does not hurt', () => {
  const target = pipe();
  const writer = lineWriter(target.writer);
  target[Symbol.dispose]();
  writer.write('a\n');
  writer.flushSync();
});
