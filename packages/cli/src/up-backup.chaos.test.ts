/** The backup of the app model as `goblin up` runs it: nobody calls a command but to restore. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testTelemetry } from '@goblin/core';
import { operatorDatabase } from '@goblin/data';
import { cliProject, type Up, type UpEvent } from './testing/cli-project.ts';

const project = cliProject('', `  backup: { to: './backups', logEvery: '200ms', keep: { backups: 2 } },\n`);
// Else root's database would be in another place.
chmodSync(project.folder, 0o711);
after(() => project[Symbol.dispose]());
const END_TIMEOUT_MS = 60_000;
const LIST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };

/** What the project's database answers; it is left again at once. */
async function query<Row>(statement: string): Promise<Row[]> {
  const dataFolder = join(project.folder, '.goblin');
  await using db = await operatorDatabase({ dataFolder, url: undefined, telemetry: testTelemetry() });
  return await db.many<Row>(statement);
}

async function words(): Promise<string> {
  const rows = await query<{ word: string }>('select word from note order by word');
  return rows.map(({ word }) => word).join(' ');
}

function archived(up: Up, from = 0): Promise<UpEvent> {
  return up.event(
    (event) => up.events.indexOf(event) >= from && /^the log is archived in/.test(event.msg ?? ''),
  );
}

function backupOf(up: Up): { readonly pid: number; readonly url: string } {
  const { services } = up.events.findLast(({ event }) => event === 'status')!;
  return services.find(({ service }: { service: string }) => service === 'backup').instances[0];
}

/** The processes of the project that still run when the time is up, PostgreSQL among them. */
async function left(): Promise<string[]> {
  const untilMs = performance.now() + END_TIMEOUT_MS;
  while (processes().length > 0 && performance.now() < untilMs) await pause(20);
  return processes();
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(processText)
    .filter((text) => text.includes(project.folder));
}

/** What it was started with, and where. */
function processText(pid: string): string {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return command === '' ? '' : `${pid} ${command}in ${readlinkSync(`/proc/${pid}/cwd`)}`;
  } catch {
    return '';
  }
}

test('goblin up makes a good backup by itself, and goes on after kill -9 of the process that makes them', async () => {
  await using up = await project.up();
  const good = await up.event(({ msg }) =>
    /^a base backup was made, restored and found good/.test(msg ?? ''),
  );
  const { url } = backupOf(up);
  assert.match(
    await (await fetch(`${url}/readyz`)).text(),
    /"backup":\{"ok":true,"detail":"the store has the log/,
  );
  const metrics = await (await fetch(`${url}/metrics`)).text();
  for (const name of ['rpo_seconds', 'rto_seconds', 'age_seconds', 'failures_total{part="verification"}'])
    assert.ok(metrics.includes(`\nbackup_${name} `), name);
  const listed = (await (await fetch(`${url}/backup.v1/list`, LIST)).json()) as {
    id: string;
    state: string;
  }[];
  assert.deepEqual([listed[0]?.id, listed[0]?.state], [good.backup, 'good']);
  await query('create table note (word text)');
  await query(`insert into note values ('one')`);
  const from = up.events.length;
  process.kill(backupOf(up).pid, 'SIGKILL');
  await up.event((event) => up.events.indexOf(event) >= from && /killed by SIGKILL/.test(event.msg ?? ''));
  await archived(up, from);
  await query(`insert into note values ('two')`);
  assert.equal(await up.stop(), 0);
  assert.deepEqual(await left(), [], 'nothing runs any more');
  const list = JSON.parse((await project.goblin('backup', 'list', '--json')).stdout) as {
    id: string;
    state: string;
  }[];
  assert.deepEqual(
    list.map(({ id, state }) => [id, state]),
    [[good.backup, 'good']],
  );
  assert.equal((await project.goblin('restore', '--at', 'latest')).code, 0);
  assert.equal(await words(), 'one two', 'what was written up to the end is in the store');
});

test('after kill -9 of goblin up the backup stores what is left and ends; the next goblin up goes on', async () => {
  const killed = await project.up();
  await archived(killed);
  await query(`insert into note values ('three')`);
  await killed.stop('SIGKILL');
  assert.deepEqual(await left(), [], 'nothing runs any more');
  assert.equal((await project.goblin('restore', '--at', 'latest')).code, 0);
  assert.equal(await words(), 'one three two');

  await using up = await project.up();
  await archived(up);
  const [row] = await query<{ at: string }>(
    `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
  );
  await query('drop table note');
  await up.stop();
  const restored = await project.goblin('restore', '--at', row!.at);
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal(await words(), 'one three two');
  const list = JSON.parse((await project.goblin('backup', 'list', '--json')).stdout) as object[];
  assert.equal(list.length, 1, 'no base backup was needed');
});
