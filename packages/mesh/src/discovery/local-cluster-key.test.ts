import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { isGoblinError } from '@goblin/core';
import { localClusterKey } from './local-cluster-key.ts';

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'goblin-key-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test('the key is made once, for its owner only, and read from then on', async () => {
  await using folder = await temporaryFolder();
  const dataFolder = join(folder.path, 'not', 'there', 'yet');
  const first = await localClusterKey({ cluster: 'shop', dataFolder });
  const second = await localClusterKey({ cluster: 'shop', dataFolder });
  assert.ok(second.open(first.seal(Buffer.from('hello'))));
  assert.equal((await stat(join(dataFolder, 'cluster.key'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(dataFolder), ['cluster.key']);
});

test('several processes that start at once end up with the same key', async () => {
  await using folder = await temporaryFolder();
  const source = new URL('./local-cluster-key.ts', import.meta.url).href;
  const script = `
    const { localClusterKey } = await import(${JSON.stringify(source)});
    await Promise.all(Array.from({ length: 8 }, () => localClusterKey({ cluster: 'shop', dataFolder: process.argv[1] })));
    const key = await localClusterKey({ cluster: 'shop', dataFolder: process.argv[1] });
    console.log(Buffer.from(key.seal(Buffer.from('hello'))).toString('hex'));`;
  const run = promisify(execFile);
  const sealed = await Promise.all(
    Array.from({ length: 4 }, () =>
      run(process.execPath, ['--input-type=module', '-e', script, folder.path]),
    ),
  );
  const key = await localClusterKey({ cluster: 'shop', dataFolder: folder.path });
  for (const { stdout } of sealed) assert.ok(key.open(Buffer.from(stdout.trim(), 'hex')));
  assert.deepEqual(await readdir(folder.path), ['cluster.key']);
});

test('a second line is an older secret that still opens', async () => {
  await using folder = await temporaryFolder();
  const old = await localClusterKey({ cluster: 'shop', dataFolder: folder.path });
  const path = join(folder.path, 'cluster.key');
  await writeFile(path, `${'b'.repeat(64)}\n${await readFile(path, 'utf8')}`, { mode: 0o600 });
  const rotated = await localClusterKey({ cluster: 'shop', dataFolder: folder.path });
  assert.ok(rotated.open(old.seal(Buffer.from('hello'))));
  assert.equal(old.open(rotated.seal(Buffer.from('hello'))), undefined);
});

test('a key that others may read, an empty one and an impossible folder are refused, each with its remedy', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'cluster.key');
  const refused = (dataFolder: string, remedy: RegExp): Promise<void> =>
    assert.rejects(
      localClusterKey({ cluster: 'shop', dataFolder }),
      (error) => isGoblinError(error, 'CONFIG_INVALID') && remedy.test(error.message),
    );
  await writeFile(path, `${'a'.repeat(64)}\n`);
  await chmod(path, 0o644);
  await refused(folder.path, /can be read by others \(mode 644\): run chmod 600/);
  await chmod(path, 0o600);
  await writeFile(path, '\n');
  await refused(folder.path, /is empty: delete it/);
  await refused(path, /cannot be used/);
});

test('two copies of a project on one machine are two clusters', async () => {
  await using one = await temporaryFolder();
  await using other = await temporaryFolder();
  const first = await localClusterKey({ cluster: 'shop', dataFolder: one.path });
  const second = await localClusterKey({ cluster: 'shop', dataFolder: other.path });
  assert.notEqual(first.cluster, second.cluster);
});
