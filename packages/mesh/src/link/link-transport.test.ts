import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientOf } from '@goblin/core';
import type { Peer } from '../peer.ts';
import { probe } from '../testing/transport-cases.ts';
import { linkTransport } from './link-transport.ts';
import { serveLinks } from './testing/serve-links.ts';

test('a peer whose Unix socket somebody has removed is called at its address from the next call on', async () => {
  await using served = await serveLinks();
  const path = join(import.meta.dirname, 'nobody-has-made-this.sock');
  const peer: Peer = { ...served.peer, link: { tls: false, path } };
  const transport = linkTransport();
  const lost: string[] = [];
  transport.onLost?.((_, because) => lost.push(because));
  const { echo } = clientOf(probe, (call) => transport.call(peer, call));
  await assert.rejects(echo({ text: 'x' }), { code: 'CONNECTION_FAILED', data: { started: false } });
  assert.deepEqual(await echo({ text: 'x' }), { text: 'x' });
  assert.deepEqual(lost, [], 'it may be well');
  await transport.close();
});
