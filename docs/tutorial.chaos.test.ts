/** Does what docs/tutorial.md says, in a folder of its own: writes its files, starts `goblin up`, runs its commands
 * and compares what they print. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

const repository = resolve(import.meta.dirname, '..');
const page = await readFile(join(import.meta.dirname, 'tutorial.md'), 'utf8');

interface Command {
  readonly line: string;
  readonly prints: readonly string[];
}

function files(): [path: string, text: string][] {
  return [...page.matchAll(/```ts file=(\S+)\n([\s\S]*?)```/g)].map((match) => [match[1]!, match[2]!]);
}

function commands(): Command[] {
  return [...page.matchAll(/```console\n([\s\S]*?)```/g)].flatMap((match) =>
    match[1]!
      .split(/^\$ /m)
      .filter((part) => part.trim() !== '')
      .map((part) => {
        const [line, ...prints] = part.trimEnd().split('\n');
        return { line: line!, prints };
      }),
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

test('the tutorial works as it is written', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-tutorial-'));
  after(() => rm(folder, { recursive: true, force: true }));
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "name": "hello", "type": "module" }');
  for (const [path, text] of files()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }

  const port = await freePort();
  const env = {
    ...process.env,
    PATH: `${join(repository, 'node_modules/.bin')}:${process.env.PATH}`,
    GOBLIN_PORT: String(port),
  };
  delete (env as Record<string, string | undefined>).NODE_TEST_CONTEXT;
  const up = spawn(process.execPath, [join(repository, 'packages/goblin/bin/goblin.js'), 'up'], {
    cwd: folder,
    env,
    stdio: 'pipe',
  });
  let printed = '';
  for (const stream of [up.stdout, up.stderr]) stream.on('data', (chunk) => (printed += chunk));
  try {
    await waitFor(
      async () =>
        (await fetch(`http://127.0.0.1:${port}/welcome/you`).catch(() => undefined))?.status === 200,
      () => printed,
    );
    for (const { line, prints } of commands()) {
      const command = line.replaceAll('localhost:8080', `127.0.0.1:${port}`);
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command], {
        cwd: folder,
        env,
      }).catch((error) => error);
      for (const expected of prints) {
        const wanted = expected
          .replace(/^# pass/, '(#|ℹ) pass')
          .replace(/[{}[\]$.]/g, (c) => (expected.startsWith('#') ? c : `\\${c}`));
        assert.match(`${stdout}${stderr}`, new RegExp(wanted), `$ ${line}`);
      }
    }
  } finally {
    up.kill('SIGINT');
    await once(up, 'exit');
  }
  assert.equal(up.exitCode, 0, printed);
});

async function waitFor(condition: () => Promise<boolean>, explain: () => string): Promise<void> {
  const until = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > until) assert.fail(`not there within 30 s:\n${explain()}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}
