/** Runs the example of docs/guide/mail.md: writes its files into a folder of their own and runs its test there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

test('the example of the mail guide works as it is written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-guide-'));
  after(() => rm(folder, { recursive: true, force: true }));
  await symlink(resolve(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const page = await readFile(join(import.meta.dirname, 'mail.md'), 'utf8');
  for (const [, path, text] of page.matchAll(/```\w+ file=(\S+)\n([\s\S]*?)```/g)) {
    await mkdir(dirname(join(folder, path!)), { recursive: true });
    await writeFile(join(folder, path!), text!);
  }
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = promisify(execFile)(process.execPath, ['--test', 'services/**/*.test.ts'], {
    cwd: folder,
    env,
  });
  const { stdout } = await run.catch((error) => error);
  assert.match(stdout, /pass 1\n/, stdout);
});
