import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { type TestPlatform, testPlatform } from 'goblin';
import { TEST_SECRET } from '../../acquirer/acquirer.fixture.ts';
import { sign } from '../../acquirer/webhooks.ts';
import { sharedDataFolder } from '../test-services.fixture.ts';
import { webhooks as contract } from './contract.ts';
import webhooks from './service.ts';

const dataFolder = await sharedDataFolder();
const config = { WEBHOOK_SECRET: TEST_SECRET };

function messageOf(type = 'charge.settled', id = `msg_${randomUUID()}`) {
  const data = {
    id: 'ch_1',
    reference: 'pay_1',
    merchant: 'goblin-shop',
    amount: { currency: 'EUR', minor: 1999 },
    status: 'settled',
  };
  const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
  const seconds = Math.floor(Date.now() / 1_000);
  return { id, timestamp: String(seconds), signature: sign(TEST_SECRET, id, seconds, body), body };
}

function post(platform: TestPlatform, message: ReturnType<typeof messageOf>): Promise<Response> {
  return platform.fetch('webhooks', '/webhooks/acquirer', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': message.id,
      'webhook-timestamp': message.timestamp,
      'webhook-signature': message.signature,
    },
    body: message.body,
  });
}

test('a message is taken in once, however often and however many at a time it comes', async () => {
  await using platform = await testPlatform({ webhooks }, { dataFolder, config });
  const client = platform.client(contract);
  const message = messageOf();
  const answers = await Promise.all(Array.from({ length: 10 }, () => client.receive(message)));
  assert.equal(answers.filter(({ duplicate }) => !duplicate).length, 1);
  assert.deepEqual(await client.receive(message), { duplicate: true });
});

test('the acquirer is answered 204, also to a duplicate and to a type that nobody needs', async () => {
  await using platform = await testPlatform({ webhooks }, { dataFolder, config });
  const message = messageOf();
  assert.equal((await post(platform, message)).status, 204);
  assert.equal((await post(platform, message)).status, 204);
  assert.equal((await post(platform, messageOf('charge.authorized'))).status, 204);
});

test('what is not signed by the acquirer is answered 401 and not kept', async () => {
  await using platform = await testPlatform({ webhooks }, { dataFolder, config });
  const message = messageOf();
  const forged = { ...message, body: message.body.replace('1999', '9999') };
  assert.equal((await post(platform, forged)).status, 401);
  assert.deepEqual(await platform.client(contract).receive(message), { duplicate: false });
});

test('what is signed but is no message is answered 400', async () => {
  await using platform = await testPlatform({ webhooks }, { dataFolder, config });
  for (const body of ['', '{', '{}', '[]', '{"type":"charge.settled","data":{}}']) {
    const id = `msg_${randomUUID()}`;
    const seconds = Math.floor(Date.now() / 1_000);
    const signed = { id, timestamp: String(seconds), signature: sign(TEST_SECRET, id, seconds, body), body };
    assert.equal((await post(platform, signed)).status, 400, body);
  }
});
