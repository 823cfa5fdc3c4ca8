import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smtpPeer } from '../fixtures/smtp-peer.ts';
import { testMail, until } from '../fixtures/test-mail.ts';
import { smtp } from '../routes/smtp.ts';
import { listRouteStates } from './route-states.ts';

test('what a process makes of its routes is written down when it starts, and at once when a breaker opens', async () => {
  await using first = await smtpPeer({ refuseMail: { code: 421, text: '4.3.2 down, says eve@example.com' } });
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [
      smtp({ name: 'first', url: first.url, rate: '100/s' }),
      smtp({ name: 'second', url: second.url }),
    ],
    concurrency: 1,
  });
  const states = await listRouteStates(post.db);
  assert.deepEqual(
    states.map(({ name, instance, rate, health, restsUntil, sentLastMinute }) => [
      ...[name, instance, rate, health, restsUntil, sentLastMinute],
    ]),
    [
      ['first', 'tests-1', '100/s', 1, null, 0],
      ['second', 'tests-1', null, 1, null, 0],
    ],
  );
  for (let count = 0; count < 4; count++) {
    const { id } = await post.greet();
    await post.settled(id, 'sent');
  }
  await until(async () => (await listRouteStates(post.db))[0]!.restsUntil !== null);
  const [ill, well] = await listRouteStates(post.db);
  assert.ok(ill!.health < 0.5 && ill!.restsUntil! > ill!.failedAt!);
  assert.equal(ill!.failure, '421 4.3.2 down, says e***@example.com');
  assert.deepEqual([well!.sentLastMinute, well!.failure], [4, null]);
});

test('a process that stops takes its states away, and one that nobody heard of for half a minute does not count', async () => {
  await using post = await testMail({});
  const killed = (instance: string, ago: string): Promise<unknown> =>
    post.db.query(
      `insert into goblin_mail.route_state (instance, route, place, health, seen_at)
       values ($1, 'outbox', 0, 1, clock_timestamp() - $2::interval)`,
      [instance, ago],
    );
  await killed('killed', '31 seconds');
  await killed('killed long ago', '2 hours');
  const instances = async (): Promise<string[]> =>
    (await listRouteStates(post.db)).map(({ instance }) => instance);
  assert.deepEqual(await instances(), ['tests-1']);
  await post.stop();
  assert.deepEqual(await instances(), []);
  assert.deepEqual(await post.db.many('select instance from goblin_mail.route_state'), [
    { instance: 'killed' },
  ]);
});
