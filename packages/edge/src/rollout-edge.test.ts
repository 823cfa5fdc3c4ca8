import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testEdge } from './testing/test-edge.ts';

const services = {
  next: (_request: unknown, response: { end(body: string): void }) => void response.end('next'),
  legacy: (_request: unknown, response: { end(body: string): void }) => void response.end('legacy'),
};
const split = (percent: number) => [{ path: '/*', to: 'next', percent, otherwise: 'legacy' }];

async function sideOf(
  edge: { fetch(path: string, init?: RequestInit): Promise<Response> },
  headers: Record<string, string>,
): Promise<string> {
  return (await edge.fetch('/', { headers })).text();
}

test('about the share of callers that the route says goes to the new side, and each stays there', async () => {
  await using edge = await testEdge({ routes: split(20), services });
  const sides = new Map<string, string>();
  for (let i = 0; i < 400; i++) sides.set(`agent ${i}`, await sideOf(edge, { 'user-agent': `agent ${i}` }));
  const share = [...sides.values()].filter((side) => side === 'next').length / sides.size;
  assert.ok(share > 0.12 && share < 0.28, `${share * 100} %`);
  for (const agent of [...sides.keys()].slice(0, 50))
    assert.equal(await sideOf(edge, { 'user-agent': agent }), sides.get(agent));
  edge.edge.reload({ routes: split(60) });
  for (const [agent, side] of sides) {
    if (side === 'next')
      assert.equal(await sideOf(edge, { 'user-agent': agent }), 'next', `${agent} stays on the new side`);
  }
  edge.edge.reload({ routes: split(100) });
  assert.equal(await sideOf(edge, { 'user-agent': 'agent 1' }), 'next');
  edge.edge.reload({ routes: split(0) });
  assert.equal(await sideOf(edge, { 'user-agent': 'agent 1' }), 'legacy');
});

test('a browser is told its bucket in a cookie and stays on its side with it, whatever its address', async () => {
  await using edge = await testEdge({ routes: split(50), services, spec: { trustedProxies: ['127.0.0.1'] } });
  const first = await edge.fetch('/', {
    headers: { 'user-agent': 'browser', 'x-forwarded-for': '192.0.2.1' },
  });
  const side = await first.text();
  const [cookie] = first.headers.getSetCookie();
  assert.match(cookie!, /^goblin-side=\d{1,4}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/);
  for (let i = 2; i < 20; i++) {
    const again = await edge.fetch('/', {
      headers: { cookie: cookie!.split(';')[0]!, 'x-forwarded-for': `192.0.2.${i}` },
    });
    assert.equal(await again.text(), side);
    assert.deepEqual(again.headers.getSetCookie(), [], 'it is told once');
  }
  assert.equal(await sideOf(edge, { cookie: 'goblin-side=0' }), 'next');
  assert.equal(await sideOf(edge, { cookie: 'goblin-side=9999' }), 'legacy');
});

test('an answer that caches may give to others carries no bucket', async () => {
  await using edge = await testEdge({
    routes: split(50),
    services: {
      next: (_request, response) => void response.setHeader('cache-control', 'public, max-age=60').end(),
      legacy: (_request, response) => void response.setHeader('cache-control', 's-maxage=60').end(),
    },
  });
  assert.deepEqual((await edge.fetch('/')).headers.getSetCookie(), []);
});
