import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { type Edge, startEdge } from '@goblin/edge';
import {
  type Announcement,
  beacon,
  clusterKey,
  createConfig,
  type EdgeRoute,
  type Finder,
  httpTransport,
  joinMesh,
  type Mesh,
  type ServiceDefinition,
  startHost,
  testTelemetry,
} from 'goblin';
import config from './goblin.config.ts';
import catalog from './services/catalog/service.ts';
import orders from './services/orders/service.ts';

const open: (() => unknown)[] = [];
let edge: Edge;

/** The way from the old application to the new services, step by step. */
const everythingOld: readonly EdgeRoute[] = [{ path: '/*', to: 'legacy' }];
const catalogMoved: readonly EdgeRoute[] = [{ path: '/catalog/*', to: 'catalog' }, ...everythingOld];
const ordersMoving = config.edge!.routes;
const ordersMoved: readonly EdgeRoute[] = [{ path: '/orders/*', to: 'orders' }, ...catalogMoved];

before(async () => {
  const key = clusterKey({ cluster: 'strangler-test', secret: 'only for this test, and long enough' });
  const finders: Finder[] = [beacon({ port: await freePort('udp') })];
  /** Each process has its own telemetry, so each of these has too. */
  const member = async (service: string, address?: Announcement['address']): Promise<Mesh> => {
    const telemetry = testTelemetry();
    const mesh = await joinMesh({
      self: { instance: `${service}-1`, service, version: '1', contracts: [], address },
      finders,
      clusterKey: key,
      telemetry,
      transport: httpTransport({ telemetry }),
    });
    if (address) mesh.announce({ state: 'ready' });
    open.push(() => mesh.stop());
    return mesh;
  };
  const host = async (name: string, definition: ServiceDefinition): Promise<void> => {
    const running = await startHost(definition, {
      name,
      version: '1',
      folder: import.meta.dirname,
      dataFolder: import.meta.dirname,
      config: createConfig({ service: name, argv: [], env: {} }).read,
      telemetry: testTelemetry(),
      finders,
      clusterKey: key,
      lameDuckMs: 0,
    });
    open.push(() => running.stop());
  };

  const port = await freePort('tcp');
  const legacy = spawn(process.execPath, ['legacy/server.js'], {
    cwd: import.meta.dirname,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  open.push(() => legacy.kill('SIGKILL'));
  await until(() => fetch(`http://127.0.0.1:${port}/`).then(({ ok }) => ok));
  await member('legacy', { host: '127.0.0.1', port });
  // biome-ignore lint/suspicious/noExplicitAny: definitions of different contracts go the same way
  for (const [name, definition] of Object.entries({ catalog, orders })) await host(name, definition as any);
  const mesh = await member('edge');
  await mesh.directory.waitFor(['legacy', 'catalog', 'orders'], { timeoutMs: 5_000 });
  edge = await startEdge({ spec: { routes: everythingOld }, mesh, telemetry: testTelemetry(), port: 0 });
  open.push(() => edge.stop());
});

after(async () => {
  for (const close of open.reverse()) await close();
});

async function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ by: string; body: unknown }> {
  const answer = await fetch(`http://127.0.0.1:${edge.address.port}${path}`, { headers });
  assert.equal(answer.status, 200, path);
  return { by: answer.headers.get('x-answered-by') ?? 'goblin', body: await answer.json() };
}

test('the edge comes first: everything still goes to the old application, which notices nothing', async () => {
  edge.reload({ routes: everythingOld });
  for (const path of ['/catalog', '/catalog/mug', '/orders', '/orders/1001'])
    assert.equal((await get(path)).by, 'legacy', path);
});

test('the catalog moves, all at once: the same answers from the new service', async () => {
  for (const path of ['/catalog', '/catalog/mug']) {
    edge.reload({ routes: everythingOld });
    const old = await get(path);
    edge.reload({ routes: catalogMoved });
    const now = await get(path);
    assert.deepEqual([old.by, now.by], ['legacy', 'goblin']);
    assert.deepEqual(now.body, old.body);
  }
  assert.equal((await get('/orders')).by, 'legacy');
});

test('orders move for a fifth of the callers; each caller stays on its side', async () => {
  edge.reload({ routes: ordersMoving });
  const sides = new Map<string, string>();
  for (let i = 0; i < 200; i++) {
    const caller = `caller ${i}`;
    sides.set(caller, (await get('/orders/1001', { 'user-agent': caller })).by);
  }
  const moved = [...sides.values()].filter((by) => by === 'goblin').length;
  assert.ok(moved > 20 && moved < 60, `${moved} of 200`);
  for (const [caller, by] of [...sides].slice(0, 20)) {
    assert.equal((await get('/orders', { 'user-agent': caller })).by, by, caller);
  }
  const [before, after] = [
    await get('/orders', { cookie: 'goblin-side=9999' }),
    await get('/orders', { cookie: 'goblin-side=0' }),
  ];
  assert.deepEqual([before.by, after.by], ['legacy', 'goblin']);
  assert.deepEqual(after.body, before.body);
});

test('then for everybody, and back within one reload should it go wrong', async () => {
  edge.reload({ routes: ordersMoved });
  for (let i = 0; i < 20; i++)
    assert.equal((await get('/orders', { 'user-agent': `caller ${i}` })).by, 'goblin');
  edge.reload({ routes: catalogMoved });
  assert.equal((await get('/orders')).by, 'legacy');
});

test('what nobody took over goes on as ever: sessions in cookies, pages, errors', async () => {
  edge.reload({ routes: ordersMoved });
  const url = `http://127.0.0.1:${edge.address.port}`;
  assert.equal((await fetch(`${url}/account`)).status, 401);
  const login = await fetch(`${url}/account/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Ada' }),
  });
  assert.equal(login.status, 204);
  const cookie = login.headers.getSetCookie()[0]!.split(';')[0]!;
  assert.deepEqual((await get('/account', { cookie })).body, { name: 'Ada' });
  assert.match(await (await fetch(url)).text(), /The shop/);
  assert.equal((await fetch(`${url}/nothing`)).status, 404);
});

async function freePort(protocol: 'tcp' | 'udp'): Promise<number> {
  if (protocol === 'udp') {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    return port;
  }
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await condition().catch(() => false))) {
    assert.ok(performance.now() < end, 'the old application did not start within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
