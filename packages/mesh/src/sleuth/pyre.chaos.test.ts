/** Against a real peer of another implementation, pyre, over its own beacon. Set GOBLIN_PYRE_PYTHON to a Python that has
 * it (`pip install zeromq-pyre`). */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import { until } from '../testing/until.ts';
import { openSleuth } from './open-sleuth.ts';

const PORT = 25_670;
const PEER = join(import.meta.dirname, 'testing/pyre_peer.py');
const python = process.env.GOBLIN_PYRE_PYTHON ?? 'python3';
const hasPyre = spawnSync(python, ['-c', 'import pyre']).status === 0;
const skip = hasPyre
  ? false
  : `${python} has no pyre: pip install zeromq-pyre, and name it in GOBLIN_PYRE_PYTHON`;

test('pyre and we find each other by beacon, and each asks the other', { skip }, async () => {
  const serve = {
    name: 'tax',
    handler: async (request: Request) =>
      new Response(`${request.method} ${new URL(request.url).search} ${await request.text()}`),
  };
  await using node = await openSleuth({ interface: 'lo', port: PORT, serve }, { telemetry: testTelemetry() });
  const peer = spawn(python, [PEER, 'lo', String(PORT), 'rates', 'tax'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const events: { event: string; value?: Record<string, unknown> }[] = [];
    createInterface(peer.stdout).on('line', (line) => events.push(JSON.parse(line)));
    await node.waitFor(['rates'], { timeoutMs: 10_000 });
    const response = await node.fetch('sleuth://rates/FR?y=2', { timeoutMs: 5_000 });
    assert.deepEqual([response.status, response.headers.get('x-py')], [203, 're']);
    assert.equal(await response.text(), 'to /FR?y=2');
    const answer = (): Record<string, unknown> | undefined =>
      events.find(({ event }) => event === 'RECV')?.value;
    await until(() => answer() !== undefined, 'pyre is answered');
    assert.equal(answer()!.code, 200);
    assert.equal(Buffer.from(String(answer()!.body), 'base64').toString(), 'POST ?x=1 from pyre');
    await node.stop();
    // pyre asserts the counter of our LEAVE; it would not live to say so.
    await until(() => events.some(({ event }) => event === 'LEAVE'), 'it hears our goodbye');
    assert.equal(peer.exitCode, null);
  } finally {
    peer.kill('SIGKILL');
  }
});
