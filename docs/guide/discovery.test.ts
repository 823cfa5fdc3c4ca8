/** Runs the example of docs/guide/discovery.md as it is written, with a DNS that does not know the name and a seed that is not there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

test('the example of the discovery guide works as it is written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-guide-'));
  after(() => rm(folder, { recursive: true, force: true }));
  await symlink(resolve(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const page = await readFile(join(import.meta.dirname, 'discovery.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1];
  const around = `
    import { testTelemetry } from '@goblin/core';
    const telemetry = testTelemetry();
    const [newSecret, oldSecret] = ['a new secret for the guide', 'the old secret of the guide'];
    ${example}
    console.log(mesh.directory.peers.map((peer) => peer.instance).join());
    await mesh.stop();`;
  await writeFile(join(folder, 'example.ts'), around);
  const { stdout } = await promisify(execFile)(process.execPath, ['example.ts'], { cwd: folder });
  assert.equal(stdout.trim(), 'report-7f3a');
});
