import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { attachOrStart } from '../embedded/embedded.ts';
import { isPostmasterOf } from '../embedded/postmaster.ts';
import { superuserConfig } from '../embedded/provision.ts';
import { type BackupSite, backupSite } from '../fixtures/backup-site.ts';
import { type Program, program, until } from '../fixtures/processes.ts';
import { directoryStore } from '../storage/directory-store.ts';
import { restore } from './restore.ts';
import { openSession } from './session.ts';
import { vault } from './vault.ts';

/** What the runner is asked for, and what two busy cores may add to it. */
const LOG_EVERY_MS = 200;
const SLACK_MS = 1_500;

interface Written {
  readonly n: number;
  /** When its commit was answered. */
  readonly atMs: number;
}

/** Commits 1, 2, 3 … one after the other until it is stopped; a number that was not answered is tried again. */
function writer(site: BackupSite): { readonly written: readonly Written[]; stop(): Promise<void> } {
  const written: Written[] = [];
  let stopped = false;
  const ended = (async () => {
    for (let n = 1; !stopped; ) {
      try {
        await site.query(`insert into shop.count values (${n}) on conflict do nothing`);
        written.push({ n: n++, atMs: performance.now() });
      } catch {
        await site.server.revive();
      }
    }
  })();
  return {
    written,
    stop() {
      stopped = true;
      return ended;
    },
  };
}

/** The numbers in what can be restored from this store elsewhere. */
async function restored(
  site: BackupSite,
  store: string,
  into: string,
): Promise<{ n: number; holes: boolean }> {
  const home = join(site.root, into);
  const sealed = vault(await directoryStore(store), site.vault.key);
  await restore(home, sealed, { target: 'latest', isCopy: true });
  const server = await attachOrStart(home);
  try {
    await using session = await openSession(superuserConfig(server), 'the copy');
    const [row] = await session.rows<{ n: number; count: number }>(
      'select coalesce(max(n), 0)::int as n, count(*)::int as count from shop.count',
    );
    return { n: row!.n, holes: row!.count !== row!.n };
  } finally {
    await server.release();
  }
}

test('kill -9 of the loop, of PostgreSQL while it archives, and the loss of the machine: nothing older than the RPO is lost', {
  timeout: 240_000,
}, async (t) => {
  await using site = await backupSite();
  await site.query('create table shop.count (n int primary key)');
  const store = join(site.root, 'store');
  const start = (): Program => program('backup-runner', site.home, store, site.vault.key.file);
  const untilSaid = async (runner: Program, text: RegExp): Promise<void> => {
    while (!text.test(await runner.next<string>()));
  };
  const writing = writer(site);
  let runner = start();
  await untilSaid(runner, /found good/);

  const lost: { store: string; before: number }[] = [];
  for (const victim of ['loop', 'postgres', 'loop', 'postgres', 'both'] as const) {
    const more = writing.written.length + 50;
    await until(() => writing.written.length > more, 90_000);
    const copy = join(site.root, `lost-${lost.length}`);
    const { pid } = site.server;
    const atMs = performance.now();
    if (victim !== 'postgres') await runner.kill();
    if (victim !== 'loop') {
      process.kill(pid, 'SIGKILL');
      await until(() => !isPostmasterOf(site.server.place.cluster, pid));
    }
    cpSync(store, copy, { recursive: true });
    const before = writing.written.findLast((one) => one.atMs < atMs - LOG_EVERY_MS - SLACK_MS)?.n ?? 0;
    lost.push({ store: copy, before });
    if (victim !== 'postgres') runner = start();
    await untilSaid(runner, /^the log is archived/);
  }
  await writing.stop();
  const all = writing.written.at(-1)!.n;
  await runner.end();
  for (const [index, { store: copy, before }] of lost.entries()) {
    const { n, holes } = await restored(site, copy, `copy-${index}`);
    t.diagnostic(`lost at kill ${index}: ${before} had to be there, ${n} were`);
    assert.ok(n >= before, `only ${n} of the ${before} that were older than the RPO`);
    assert.equal(holes, false);
  }
  assert.deepEqual(await restored(site, store, 'copy-of-all'), { n: all, holes: false });
});
