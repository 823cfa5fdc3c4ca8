#!/usr/bin/env node
/** The `goblin` command. It needs Node 24; started with an older one it hands over to the Node that the project has
 * pinned by the npm package `node`. So this file, and only this one, is written for old versions. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_MAJOR = 24;
/** How long what is still open may keep a process that has done its work. */
const LINGER_MS = 200;
const self = fileURLToPath(import.meta.url);

/** The pinned Node of the project that this folder is in. */
function pinnedNode(folder) {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(path)) return path;
    if (at === dirname(at)) return undefined;
  }
}

function handOver() {
  const node = process.env.GOBLIN_HANDED_OVER
    ? undefined
    : pinnedNode(process.cwd()) || pinnedNode(dirname(self));
  if (!node) {
    console.error(
      `goblin: this is Node ${process.versions.node}, and Goblin needs ${OLDEST_MAJOR} or newer. In your project: npm install --save-dev node@${OLDEST_MAJOR}`,
    );
    process.exit(1);
  }
  const child = spawn(node, [self, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, GOBLIN_HANDED_OVER: '1' },
  });
  // A terminal sends Ctrl-C to both: the child answers it, and this process waits for that.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) =>
    process.exit(code === null ? 128 + (signal === 'SIGINT' ? 2 : 15) : code),
  );
}

if (Number(process.versions.node.split('.')[0]) < OLDEST_MAJOR) {
  handOver();
} else {
  module.enableCompileCache();
  const { main } = await import('@goblin/cli');
  process.exitCode = await main(process.argv.slice(2), { bin: self });
  // Not at once: a process that exits while V8 compiles in the background may wait for it for ever
  // (https://github.com/nodejs/node/issues/54918). One that has nothing left to do ends by itself.
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
