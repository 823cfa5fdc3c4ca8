import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { guideHub, guideLeaf, userOf } from '../fixtures/nats-guide.ts';
import { busOf, counted, metric, publish, published, upTo } from '../fixtures/nats-links.ts';
import { noNats } from '../fixtures/nats-server.ts';
import { until } from '../fixtures/processes.ts';
import { running } from '../fixtures/running-work.ts';
import { siteDatabase } from '../fixtures/site-database.ts';
import { forward } from './forward.ts';
import { receive } from './receive.ts';

const skip = noNats ?? false;
const WITHIN_MS = 30_000;
const never = new AbortController().signal;

test("a site behind a leaf node sends and receives with its hub's least permissions", { skip }, async () => {
  await using hub = await guideHub();
  await using leaf = await guideLeaf(hub);
  await using site = await siteDatabase();
  await using office = await siteDatabase();
  await using siteBus = busOf(leaf, 'site-a', userOf('payments'));
  await using officeBus = busOf(hub, 'office', userOf('office'));
  await using links = new AsyncDisposableStack();
  links.use(running(forward(site, siteBus, counted)));
  links.use(running(receive(office, officeBus, counted, { from: 'site-a' })));
  await publish(site, ...upTo(10));
  await until(async () => (await published(office)).length >= 10, WITHIN_MS);
  links.use(running(forward(office, officeBus, counted)));
  links.use(running(receive(site, siteBus, counted, { from: 'office' })));
  await publish(office, 10);
  await until(async () => (await published(site)).length >= 11, WITHIN_MS);
  assert.deepEqual(await published(office), upTo(11));
  assert.deepEqual(await published(site), upTo(11));
});

test('an account sees nothing of another', { skip }, async () => {
  await using hub = await guideHub();
  await using office = await siteDatabase();
  await using officeBus = busOf(hub, 'office', userOf('office'));
  await using globexBus = busOf(hub, 'globex', userOf('globex'));
  const globex = await globexBus.connection(never);
  const heard = subjectsAt(globex);
  await globex.flush();
  await using _out = running(forward(office, officeBus, counted));
  await publish(office, 1);
  await until(() => metric(office, 'event_link_forwarded_total') === 1, WITHIN_MS);
  const streamsOf = async (connection: NatsConnection): Promise<string[]> =>
    (await jetstreamManager(connection, { domain: 'hub' })).streams.names().next();
  assert.deepEqual(await streamsOf(await officeBus.connection(never)), ['goblin_office_test_counted_v1']);
  assert.deepEqual(await streamsOf(globex), []);
  await globex.flush();
  assert.deepEqual(heard, []);
});

test('behind its leaf node a site hears and says nothing that the hub does not let it', {
  skip,
}, async () => {
  await using hub = await guideHub();
  await using leaf = await guideLeaf(hub);
  await using office = await siteDatabase();
  await using officeBus = busOf(hub, 'office', userOf('office'));
  await using siteBus = busOf(leaf, 'site-a', userOf('payments'));
  const site = await siteBus.connection(never);
  const { streams } = await jetstreamManager(site, { domain: 'hub', checkAPI: false, timeout: 1_000 });
  // By this answer the leaf node is known to be there.
  await until(() => streams.info('goblin_site-a_test_counted_v1').then(() => false, isNotFound), WITHIN_MS);
  const heard = subjectsAt(site);
  await site.flush();
  await using _out = running(forward(office, officeBus, counted));
  await publish(office, 1);
  await until(() => metric(office, 'event_link_forwarded_total') === 1, WITHIN_MS);
  const client = jetstream(site, { domain: 'hub' });
  const refused = /timeout|no responders|not enabled/i;
  await assert.rejects(client.publish('goblin.office.test.counted.v1', '{}', { timeout: 1_000 }), refused);
  await assert.rejects(streams.add({ name: 'all', subjects: ['goblin.>'] }), refused);
  await assert.rejects(streams.delete('goblin_office_test_counted_v1'), refused);
  assert.deepEqual(heard, ['goblin.office.test.counted.v1'], 'its own attempt, and not what the office said');
});

/** The subjects of events that come to it. */
function subjectsAt(connection: NatsConnection): string[] {
  const heard: string[] = [];
  connection.subscribe('goblin.>', { callback: (_, { subject }) => void heard.push(subject) });
  return heard;
}

function isNotFound(error: { readonly code?: unknown }): boolean {
  return error.code === 10_059;
}
