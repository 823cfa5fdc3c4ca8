import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { commandWords } from './command-line.ts';
import { type Program, startProgram } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'goblin-program-'));
after(() => rmSync(folder, { recursive: true }));

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(
  code: string,
  health = '/',
): Promise<{ program: Program; told: boolean[]; next: () => Promise<boolean> }> {
  writeFileSync(join(folder, 'program.mjs'), code);
  const told: boolean[] = [];
  let waiting = Promise.withResolvers<boolean>();
  const program = await startProgram({
    spec: { command: 'node program.mjs', port: await freePort(), health, env: {} },
    cwd: folder,
    env: process.env,
    onHealth(ready) {
      told.push(ready);
      waiting.resolve(ready);
      waiting = Promise.withResolvers();
    },
  });
  return { program, told, next: () => waiting.promise };
}

const SERVER = `import { createServer } from 'node:http';
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/health' ? 204 : 404;
    response.end();
  });
  server.listen(process.env.PORT, '127.0.0.1');`;

test('a program is ready when its health path answers well, or anything where none is named', async () => {
  for (const health of ['/health', '/']) {
    const { program, next } = await start(SERVER, health);
    assert.equal(await next(), true);
    await program.stop(1_000);
  }
});

test('a program whose health path answers badly is not ready', async () => {
  const { program, told } = await start(SERVER, '/other');
  while (!(await fetch(`http://127.0.0.1:${program.port}`).catch(() => undefined)));
  await program.stop(1_000);
  assert.deepEqual(told, []);
});

test('a program that ends tells how', async () => {
  const { program } = await start('process.exit(3)');
  assert.equal(await program.ended, 3);
});

test('a program that ignores SIGTERM is killed when the time is up', async () => {
  const { program, next } = await start(`process.on('SIGTERM', () => {}); ${SERVER}`);
  await next();
  await program.stop(300);
  assert.equal(await program.ended, 'SIGKILL');
});

test('a port that is taken is refused before the program starts', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const spec = { command: 'node program.mjs', port, health: '/', env: {} };
  await assert.rejects(startProgram({ spec, cwd: folder, env: {}, onHealth: () => {} }), (error) =>
    isGoblinError(error, 'PORT_IN_USE'),
  );
  other.close();
});

test('a command that does not exist is said', async () => {
  const spec = { command: 'no-such-program --x', port: await freePort(), health: '/', env: {} };
  await assert.rejects(
    startProgram({ spec, cwd: folder, env: {}, onHealth: () => {} }),
    /`no-such-program --x` cannot be run/,
  );
});

test('a command is cut into words without a shell', () => {
  assert.deepEqual(commandWords(`python3 -m "my module" 'a b' $HOME`), [
    'python3',
    '-m',
    'my module',
    'a b',
    '$HOME',
  ]);
  assert.equal(commandWords('node x.js')[0], process.execPath);
  assert.throws(() => commandWords('run "unclosed'), /closed quotes/);
  assert.throws(() => commandWords('  '), /name a program/);
});
