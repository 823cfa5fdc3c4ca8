import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { EventEmitter, on, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TEST_KEY, TEST_SECRET, testAcquirer } from './acquirer.fixture.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A merchant's endpoint that answers with the given statuses, then with 204. */
async function merchant(
  statuses: readonly number[] = [],
): Promise<AsyncDisposable & { url: string; next(): Promise<Received> }> {
  const received = new EventEmitter();
  const messages = on(received, 'message');
  const answers = [...statuses];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      response.writeHead(answers.shift() ?? 204).end();
      received.emit('message', { headers: request.headers, text });
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    next: async () => ((await messages.next()) as IteratorYieldResult<[Received]>).value[0],
    async [Symbol.asyncDispose]() {
      await messages.return?.();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function charge(url: string, reference: string): Promise<void> {
  const body = JSON.stringify({
    reference,
    merchant: 'goblin-shop',
    amount: { currency: 'EUR', minor: 1 },
    card: { number: '4242424242424242' },
  });
  const answer = await fetch(`${url}/v1/charges`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TEST_KEY}` },
    body,
  });
  assert.equal(answer.status, 201);
}

// Side by side, because a charge takes more than a second to settle.
describe('webhooks', { concurrency: true }, () => {
  test('the merchant is told of the charge and of its settlement, signed by Standard Webhooks', async () => {
    await using shop = await merchant();
    await using acquirer = await testAcquirer({ webhookUrl: shop.url });
    await charge(acquirer.url, 'pay_1');
    const told = [await shop.next(), await shop.next()];
    assert.deepEqual(
      told.map(({ text }) => JSON.parse(text).type),
      ['charge.authorized', 'charge.settled'],
    );
    for (const { headers, text } of told) {
      const key = Buffer.from(TEST_SECRET.slice('whsec_'.length), 'base64');
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
      assert.equal(
        headers['webhook-signature'],
        `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
      );
    }
  });

  test('a message is told again until it is accepted, always under the same id', async () => {
    await using shop = await merchant([500, 500]);
    await using acquirer = await testAcquirer({ webhookUrl: shop.url });
    await charge(acquirer.url, 'pay_1');
    const ids = [await shop.next(), await shop.next(), await shop.next()].map(
      ({ headers }) => headers['webhook-id'],
    );
    assert.equal(new Set(ids).size, 1);
  });

  test('a message may come twice', async () => {
    await using shop = await merchant();
    await using acquirer = await testAcquirer({ webhookUrl: shop.url, random: () => 0.1 });
    await charge(acquirer.url, 'pay_1');
    const ids = [await shop.next(), await shop.next()].map(({ headers }) => headers['webhook-id']);
    const settled = [await shop.next(), await shop.next()].map(({ headers }) => headers['webhook-id']);
    assert.equal(new Set([...ids, ...settled]).size, 2);
  });

  test('after a restart, charges settle and messages are told that were not yet', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'acquirer-'));
    {
      await using acquirer = await testAcquirer({ folder, webhookUrl: 'http://127.0.0.1:1/' });
      await charge(acquirer.url, 'pay_1');
    }
    await using shop = await merchant();
    {
      await using _acquirer = await testAcquirer({ folder, webhookUrl: shop.url });
      const types = [await shop.next(), await shop.next()].map(({ text }) => JSON.parse(text).type);
      assert.deepEqual(types.sort(), ['charge.authorized', 'charge.settled']);
    }
    await rm(folder, { recursive: true });
  });
});
