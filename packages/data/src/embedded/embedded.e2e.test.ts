import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pg from 'pg';
import { type Program, program, until } from '../fixtures/processes.ts';
import { attachOrStart, type EmbeddedServer } from './embedded.ts';
import { isPostmasterOf, readPostmaster } from './postmaster.ts';
import { superuserConfig } from './provision.ts';
import { THROWAWAY_SETTINGS } from './throwaway.ts';

const root = mkdtempSync(join(tmpdir(), 'goblin-embedded-'));
chmodSync(root, 0o755);
after(() => rmSync(root, { recursive: true }));
/** Most tests take turns with one database, because making one takes half a second. */
const shared = join(root, 'shared');
const isRoot = process.getuid?.() === 0;

function start(folder: string): Promise<EmbeddedServer> {
  return attachOrStart(folder, { settings: THROWAWAY_SETTINGS });
}

async function query(server: EmbeddedServer, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(superuserConfig(server, 'postgres'));
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function isRunning(server: EmbeddedServer): boolean {
  return isPostmasterOf(server.place.cluster, server.pid);
}

test('eight processes that start at once share one server, and the last to leave stops it', async () => {
  const users = Array.from({ length: 8 }, () => program('server-user', shared));
  const pids = await Promise.all(users.map(async (user) => (await user.next<{ pid: number }>()).pid));
  assert.equal(new Set(pids).size, 1);
  const cluster = join(shared, 'cluster');
  const last = users.pop() as Program;
  await Promise.all(users.map((user) => user.end()));
  assert.ok(isPostmasterOf(cluster, pids[0]!), 'it runs while one process uses it');
  await last.end();
  assert.ok(!isPostmasterOf(cluster, pids[0]!), 'it has ended with its last user');
});

test('users that were killed do not count', async () => {
  const killed = program('server-user', shared);
  await killed.next();
  const server = await start(shared);
  await killed.kill();
  await server.release();
  assert.ok(!isRunning(server));
});

test('kill -9 of every user leaves a server that the next one joins and stops', async () => {
  const killed = program('server-user', shared);
  const { pid } = await killed.next<{ pid: number }>();
  await killed.kill();
  const server = await start(shared);
  assert.equal(server.pid, pid);
  await server.release();
  assert.ok(!isRunning(server));
});

test('parts of one process share their use', async () => {
  const [first, second] = await Promise.all([start(shared), start(shared)]);
  assert.equal(first.pid, second.pid);
  await first.release();
  await first.release();
  assert.deepEqual(await query(second, 'select 1 as one'), [{ one: 1 }]);
  await second.release();
  assert.ok(!isRunning(second));
});

test('a server that was killed is started again and has everything that was committed', async () => {
  const server = await start(shared);
  await query(server, 'create table kept as select 7 as number');
  const { pid } = server;
  process.kill(pid, 'SIGKILL');
  await until(() => !isPostmasterOf(server.place.cluster, pid));
  await server.revive();
  assert.notEqual(server.pid, pid);
  assert.deepEqual(await query(server, 'select number from kept'), [{ number: 7 }]);
  await server.release();
});

test('whoever has left does not start it again', async () => {
  const server = await start(shared);
  await server.release();
  await server.revive();
  assert.ok(!isRunning(server));
  assert.equal(await readPostmaster(server.place.cluster), undefined);
});

test('it runs in a session of its own, where Ctrl-C of a terminal does not reach', {
  skip: process.platform !== 'linux' && 'read from /proc',
}, async () => {
  const server = await start(shared);
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  assert.equal(Number(fields[3]), server.pid);
  await server.release();
});

test('a pid file that names another program by now does not stop it from starting', async () => {
  const server = await start(shared);
  process.kill(server.pid, 'SIGKILL');
  await until(() => !isRunning(server));
  const file = join(server.place.cluster, 'postmaster.pid');
  // Pid 1 is alive wherever this runs, and is no PostgreSQL.
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, '1'));
  await server.revive();
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }]);
  await server.release();
});

test('a folder whose path is too long for a socket works through a short one', async () => {
  const server = await start(join(root, 'long'.repeat(12), 'long'.repeat(12)));
  assert.ok(!server.host.startsWith(server.place.folder));
  assert.equal(statSync(server.host).mode & 0o777, 0o700);
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }]);
  await server.release();
  assert.ok(!existsSync(server.host), 'the short folder goes with the server');
});

test('it listens on TCP only when asked, and then on the loopback interface', async () => {
  const quiet = await start(shared);
  assert.deepEqual(await query(quiet, 'show listen_addresses'), [{ listen_addresses: '' }]);
  await quiet.release();
  const occupied = createServer().listen(0, '127.0.0.1');
  await once(occupied, 'listening');
  const { port } = occupied.address() as AddressInfo;
  await assert.rejects(attachOrStart(shared, { port }), {
    code: 'PORT_IN_USE',
    message: new RegExp(`${port}`),
  });
  await new Promise((resolve) => occupied.close(resolve));
  const open = await attachOrStart(shared, { port, settings: THROWAWAY_SETTINGS });
  const client = new pg.Client({ ...superuserConfig(open, 'postgres'), host: '127.0.0.1' });
  await client.connect();
  await client.end();
  const stranger = new pg.Client({
    ...superuserConfig(open, 'postgres'),
    host: '127.0.0.1',
    password: 'guess',
  });
  await assert.rejects(stranger.connect(), { code: '28P01' });
  await open.release();
});

test('secrets are files for this user alone', async () => {
  const server = await start(shared);
  assert.equal(statSync(join(server.place.secrets, 'superuser')).mode & 0o777, 0o600);
  assert.equal(statSync(server.place.secrets).mode & 0o777, 0o700);
  await server.release();
});

test('a database of another major version is refused with both versions named', async () => {
  const file = join(shared, 'cluster', 'PG_VERSION');
  const version = readFileSync(file, 'utf8');
  writeFileSync(file, '9\n');
  await assert.rejects(start(shared), {
    code: 'DATABASE_UNAVAILABLE',
    message: /made by PostgreSQL 9.*is version \d+/,
  });
  writeFileSync(file, version);
  await (await start(shared)).release();
});

test('a server that cannot start is an error with its last words, and the next try works', async () => {
  await assert.rejects(attachOrStart(shared, { settings: { shared_buffers: 'lots' } }), {
    code: 'DATABASE_UNAVAILABLE',
    message: /does not start: .*shared_buffers/s,
  });
  await (await start(shared)).release();
});

test('a process killed while it makes the database leaves nothing in the way', async () => {
  const folder = join(root, 'unfinished');
  const killed = program('server-user', folder);
  await until(
    () => existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('cluster.new-')),
  );
  await killed.kill();
  const server = await start(folder);
  assert.deepEqual(await query(server, 'select 1 as one'), [{ one: 1 }]);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('cluster.new-')),
    [],
  );
  await server.release();
});

test('as root the server runs as nobody, and in a folder that nobody may enter it lives elsewhere', {
  skip: !isRoot && 'only root has this problem',
}, async () => {
  const closed = join(root, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const folder = join(closed, 'postgres');
  const first = await start(folder);
  assert.equal(statSync(`/proc/${first.pid}`).uid, 65_534);
  assert.ok(!first.place.folder.startsWith(closed));
  await query(first, 'create table kept as select 7 as number');
  await first.release();
  const second = await start(folder);
  assert.equal(second.place.folder, first.place.folder);
  assert.deepEqual(await query(second, 'select number from kept'), [{ number: 7 }]);
  await second.release();
  rmSync(closed, { recursive: true });
  mkdirSync(closed, { mode: 0o700 });
  const third = await start(folder);
  await assert.rejects(query(third, 'select number from kept'), { code: '42P01' });
  await third.release();
  assert.ok(!existsSync(first.place.folder), 'what belonged to a temporary project went with it');
  rmSync(third.place.folder, { recursive: true });
  await assert.rejects(start(folder), { code: 'DATABASE_UNAVAILABLE', message: /place\.json says/ });
});
