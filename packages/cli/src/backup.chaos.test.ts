import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BIN, cliProject, environment, finish } from './testing/cli-project.ts';

const project = cliProject();
// Else root's database would be in another place.
chmodSync(project.folder, 0o711);
after(() => project[Symbol.dispose]());
const data = (...path: string[]): string => join(project.folder, '.goblin', ...path);

test('backup now makes a backup, restores and checks it, and says where the key is', async () => {
  assert.equal(
    (await project.goblin('backup', 'list')).stdout,
    'there is no backup yet: goblin backup now\n',
  );
  const { code, stdout, stderr } = await project.goblin('backup', 'now');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /copying the files\n.*restoring the files\n.*replaying the log\n/s);
  assert.match(stdout, /^\d{8}T\d{6}-\w{4} {2}good .*ok {3}amcheck: \d+ tables and indexes are sound/ms);
  assert.match(stderr, /Keep a copy of it in another place.*secrets\/backup_key/s);
  assert.equal(statSync(data('secrets', 'backup_key')).mode & 0o777, 0o600);
  const again = await project.goblin('backup', 'now', '--no-verify', '--json');
  assert.equal(again.stderr, '', 'the key is told once');
  assert.equal((JSON.parse(again.stdout) as { state: string }[])[0]?.state, 'unverified');
  assert.match((await project.goblin('backup', 'list')).stdout, /^BACKUP.*\n.* good .*\n.* unverified .*\n$/);
});

test('backup verify restores the newest one, or those that are named', async () => {
  const all = JSON.parse((await project.goblin('backup', 'list', '--json')).stdout) as { id: string }[];
  const newest = await project.goblin('backup', 'verify', '--json');
  const [verified] = JSON.parse(newest.stdout) as { id: string; state: string }[];
  assert.deepEqual([newest.code, verified?.id, verified?.state], [0, all[1]?.id, 'good']);
  const unknown = await project.goblin('backup', 'verify', 'nope');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, new RegExp(`no backup "nope": there are ${all[0]!.id}, ${all[1]!.id}`));
});

test('restore brings the database back, keeps the old one, says where, and notes it', async () => {
  const { code, stdout, stderr } = await project.goblin('restore', '--at', 'latest');
  assert.equal(code, 0, stderr);
  const kept = /is kept in (\S+):/.exec(stdout)?.[1];
  assert.ok(kept && existsSync(kept), stdout);
  const into = join(project.folder, 'copy');
  assert.equal((await project.goblin('restore', '--at', 'latest', '--into', into)).code, 0);
  assert.ok(existsSync(join(into, 'postgres', 'cluster', 'PG_VERSION')));
  // What Palantir reads. A copy elsewhere changes nothing here.
  const noted = readFileSync(data('logs', 'goblin-commands.ndjson'), 'utf8').trim().split('\n');
  assert.equal(noted.length, 1);
  const { kind, title } = JSON.parse(noted[0]!).change as Record<string, string>;
  assert.equal(kind, 'data');
  assert.match(
    title!,
    /^the database was restored: (as the backup was|its last transaction is of \d{4}-\S+)$/,
  );
});

test('what cannot be done is answered with what can', async () => {
  for (const [args, code, message] of [
    [['backup'], 2, /goblin backup now, list or verify/],
    [['backup', 'now', '--store', 'ftp://host'], 1, /no place for blobs: name a folder/],
    [['restore'], 2, /--at '2026-11-20 12:00', or --at latest/],
    [['restore', '--at', 'noon'], 1, /write 2026-11-20 12:00/],
    [['restore', '--at', '2100-01-01 12:00'], 2, /is yet to come/],
    [['restore', '--at', '2020-01-01 12:00Z'], 1, /the earliest moment that can be restored is \d{4}-/],
  ] as const) {
    const finished = await project.goblin(...args);
    assert.equal(finished.code, code, finished.stderr);
    assert.match(finished.stderr, message);
  }
  const env = { ...environment(), DATABASE_URL_FILE: '/run/secrets/url' };
  project.write(
    'with-backup/goblin.config.ts',
    `import { app } from 'goblin'; export default app({ name: 'own', services: {}, backup: { to: './b' } });`,
  );
  const withBackup = join(project.folder, 'with-backup');
  for (const [cwd, ...args] of [
    [project.folder, 'backup', 'now'],
    [withBackup, 'run', 'backup'],
  ] as const) {
    const own = await finish(spawn(process.execPath, [BIN, ...args], { cwd, env }));
    assert.equal(own.code, 1);
    assert.match(
      own.stderr,
      /your own \(DATABASE_URL, from environment\).*pgBackRest.*docs\/guide\/backup\.md/,
    );
  }
});

test('Ctrl-C ends a restore in order: everything is as it was', async () => {
  const child = spawn(process.execPath, [BIN, 'restore', '--at', 'latest'], {
    cwd: project.folder,
    env: environment(),
  });
  child.stdout.on('data', (text: Buffer) => {
    if (text.includes('replaying')) child.kill('SIGINT');
  });
  const before = readdirSync(data('postgres')).filter((name) => name.startsWith('cluster'));
  const { code, stderr } = await finish(child);
  assert.deepEqual([code, stderr], [130, 'goblin: interrupted; everything is as it was before\n']);
  const left = readdirSync(data('postgres'));
  assert.deepEqual(
    left.filter((name) => name.startsWith('cluster')),
    before,
  );
  assert.deepEqual(
    left.filter((name) => name.startsWith('restoring-')),
    [],
  );
});
