/** Kills processes that send, at any moment, also between a server's yes and its being written down, with servers that
 * drop their answers; and counts. GOBLIN_MAIL_CHAOS_KILLS makes it longer. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createConfig, createRuntime, testTelemetry } from '@goblin/core';
import { postgres } from '@goblin/data';
import { type SmtpPeer, smtpPeer } from './fixtures/smtp-peer.ts';
import { greeting, until } from './fixtures/test-mail.ts';
import { installMail } from './mail-schema.ts';

const KILLS = Number(process.env.GOBLIN_MAIL_CHAOS_KILLS ?? 15);
const MAILS_PER_KILL = 20;
const SENDER = fileURLToPath(new URL('./fixtures/mail-sender.ts', import.meta.url));

async function sender(folder: string, peers: readonly SmtpPeer[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [SENDER, folder, ...peers.map(({ port }) => String(port))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

/** How often each mail was taken by a server, by its subject. */
function takenBy(peers: readonly SmtpPeer[]): Map<string, number> {
  const taken = new Map<string, number>();
  for (const { raw } of peers.flatMap(({ mails }) => mails)) {
    const subject = /^Subject: (.*)$/m.exec(raw.toString())![1]!.trim();
    taken.set(subject, (taken.get(subject) ?? 0) + 1);
  }
  return taken;
}

test('kill -9 of senders at any moment: never-twice is never twice, nothing is lost, and what is unknown is listed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-mail-chaos-'));
  await chmod(folder, 0o711);
  // One mail in ten gets no answer, although it is taken.
  let count = 0;
  const behaviour = {
    get atTheEnd() {
      return ++count % 10 === 0 ? ('drop' as const) : undefined;
    },
  };
  await using first = await smtpPeer(behaviour);
  await using second = await smtpPeer();
  const peers = [first, second];
  const telemetry = testTelemetry();
  const runtime = createRuntime({
    service: 'chaos',
    instance: 'chaos-test',
    telemetry,
    config: createConfig({ service: 'chaos', env: {} }).read,
    dataFolder: folder,
    stopping: new AbortController().signal,
  });
  after(async () => {
    await runtime.stop();
    await rm(folder, { recursive: true });
  });
  const db = await runtime.use(postgres());
  await installMail(db);
  let sent = 0;
  const queue = async (policy: 'never-twice' | 'at-least-once'): Promise<void> => {
    const name = `${policy} ${++sent}`;
    await db.transaction((tx) =>
      greeting.send(tx, { key: name, to: `ada${sent}@example.com`, data: { name }, policy }),
    );
  };
  const unsettled = async (): Promise<number> =>
    (
      await db.one<{ n: number }>(
        `select count(*) as n from goblin_mail.message where state in ('queued', 'sending')`,
      )
    ).n;

  const stays = await sender(folder, peers);
  for (let kill = 0; kill < KILLS; kill++) {
    const child = await sender(folder, peers);
    for (let index = 0; index < MAILS_PER_KILL; index++)
      await queue(index % 4 === 0 ? 'at-least-once' : 'never-twice');
    const few = 1 + Math.floor(MAILS_PER_KILL * Math.random());
    await until(async () => (await unsettled()) < few, 90_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    // Time passes: what it held is leased no more.
    await db.query(`update goblin.task set due_at = now() where worker like '%/' || $1 || '/%'`, [child.pid]);
  }
  await until(async () => (await unsettled()) === 0, 180_000);
  stays.stdin!.end();
  await once(stays, 'exit');

  const taken = takenBy(peers);
  const rows = await db.many<{ subject: string; state: string; policy: string }>(
    'select subject, state, policy from goblin_mail.message',
  );
  assert.equal(rows.length, sent);
  const twice = rows.filter(
    ({ policy, subject }) => policy === 'never-twice' && (taken.get(subject) ?? 0) > 1,
  );
  assert.deepEqual(twice, [], 'sent twice');
  const lost = rows.filter(({ state, subject }) => !taken.has(subject) && state !== 'unknown');
  assert.deepEqual(lost, [], 'neither sent nor unknown');
  const open = rows.filter(
    ({ policy, state }) => state !== 'sent' && !(policy === 'never-twice' && state === 'unknown'),
  );
  assert.deepEqual(open, [], 'at-least-once ends as sent');
  const unknown = rows.filter(({ state }) => state === 'unknown');
  const tasks = await db.one<{ n: number }>(`select count(*) as n from goblin.task`);
  assert.equal(tasks.n, 0, 'no task is left');
  console.log(
    `${KILLS} kills, ${sent} mails: ${taken.size} taken, ${unknown.length} unknown, of which ${unknown.filter(({ subject }) => taken.has(subject)).length} were taken`,
  );
});
