/** Runs the example of a guide as it is written: its code blocks that name a file (` ```ts file=services/… `) are written into
 * a folder of their own, where the test among them must pass. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const GUIDES = resolve(import.meta.dirname, '..');

/** @param guide the name of its page, without `.md`. */
export async function runExample(guide: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-guide-'));
  try {
    await symlink(resolve(GUIDES, '../../node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const page = await readFile(join(GUIDES, `${guide}.md`), 'utf8');
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
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
