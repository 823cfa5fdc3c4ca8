import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { linkPathOf, removeDeadSockets } from './link-path.ts';

function folder(name = 'goblin-run-'): string {
  const path = mkdtempSync(join(tmpdir(), name));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('links are taken in a folder that only its owner can enter', () => {
  const dataFolder = folder();
  const path = linkPathOf({ dataFolder }, 'tax-1f9c04');
  assert.equal(path, join(dataFolder, 'run/tax-1f9c04.sock'));
  assert.equal(statSync(join(dataFolder, 'run')).mode & 0o777, 0o700);
});

test('where a path would be too long or could not be announced, links go by TCP', () => {
  const dataFolder = folder();
  assert.equal(linkPathOf({ dataFolder: join(dataFolder, 'x'.repeat(90)) }, 'tax-1'), undefined);
  assert.equal(linkPathOf({ dataFolder: folder('a folder ') }, 'tax-1'), undefined);
  assert.equal(linkPathOf({ dataFolder }, '../tax-1'), undefined);
  assert.deepEqual(readdirSync(dataFolder), []);
});

test('what a killed process left behind is removed, and what somebody answers at is not', async () => {
  const dataFolder = folder();
  const dead = linkPathOf({ dataFolder }, 'dead-1')!;
  const listen = `require('net').createServer().listen(${JSON.stringify(dead)}, () => console.log('listens'))`;
  const child = spawn(process.execPath, ['-e', listen]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const living = linkPathOf({ dataFolder }, 'living-1')!;
  const server = createServer((socket) => socket.on('error', () => {})).listen(living);
  await once(server, 'listening');
  assert.ok(existsSync(dead));
  await removeDeadSockets({ dataFolder });
  assert.deepEqual(readdirSync(join(dataFolder, 'run')), ['living-1.sock']);
  server.close();
});
