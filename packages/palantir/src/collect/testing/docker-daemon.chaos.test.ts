import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { until } from './collecting.ts';

/** Prints its socket once a container runs, or why none does. */
const HOLDER = `
  const { dockerDaemon } = await import(process.argv[1]);
  const docker = await dockerDaemon();
  if (typeof docker === 'string') console.log(JSON.stringify({ fault: docker }));
  else {
    await docker.run('one', 'sleep 86399');
    console.log(JSON.stringify({ socket: docker.socket }));
    setInterval(() => {}, 1_000);
  }`;

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // It has ended meanwhile.
      }
    });
}

test('a test that is killed leaves neither engine nor containers behind', { timeout: 120_000 }, async (t) => {
  const daemon = new URL('./docker-daemon.ts', import.meta.url).href;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, daemon], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => holder.kill('SIGKILL'));
  const [line] = (await once(createInterface({ input: holder.stdout }), 'line')) as [string];
  const { fault, socket } = JSON.parse(line) as { fault?: string; socket: string };
  if (fault !== undefined) return t.skip(fault);
  const folder = dirname(socket);
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const left = (): number =>
    commandLines().filter((line) => line.includes(folder) || line.includes('86399')).length;
  assert.ok(left() > 3, 'an engine, what it starts, and a container');
  holder.kill('SIGKILL');
  await until(() => left() === 0, 'nothing is left', 60_000);
});
