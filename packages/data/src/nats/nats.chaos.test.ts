/** Sites that exchange events while servers are killed, cut off and robbed of what they had acknowledged: nothing is lost, nothing has
 * its effect twice, and the order is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { subscribe } from '../events/subscribe.ts';
import { guideHub, guideLeaf, userOf } from '../fixtures/nats-guide.ts';
import { busOf, counted, metric, publish, published, upTo } from '../fixtures/nats-links.ts';
import { natsServer, noNats } from '../fixtures/nats-server.ts';
import { until } from '../fixtures/processes.ts';
import { type Running, running } from '../fixtures/running-work.ts';
import { siteDatabase } from '../fixtures/site-database.ts';
import { forward } from './forward.ts';
import { receive } from './receive.ts';

const skip = noNats ?? false;
const WITHIN_MS = 60_000;
const KILLS = 6;
const WITHOUT_LEAF_MS = 8_000;

interface Writer {
  /** How many were published. */
  stop(): Promise<number>;
  readonly count: number;
}

/** Publishes 0, 1, 2 … until it is stopped. */
function writer(db: Database): Writer {
  let count = 0;
  let isStopped = false;
  const ended = (async () => {
    while (!isStopped) {
      await publish(db, ...upTo(5).map((n) => count + n));
      count += 5;
      await sleep(5);
    }
  })();
  return {
    get count() {
      return count;
    },
    async stop() {
      isStopped = true;
      await ended;
      return count;
    },
  };
}

/** Notes each event in a table, by its handler. */
async function effects(db: Database): Promise<Running> {
  await db.query('create table seen (place bigint generated always as identity, n int not null)');
  return running(
    subscribe(db, counted, { group: 'effects' }, async ({ payload }, tx) => {
      await tx.query('insert into seen (n) values ($1)', [payload.n]);
    }),
  );
}

async function effectsOf(db: Database): Promise<number[]> {
  return (await db.many<{ n: number }>('select n from seen order by place')).map(({ n }) => n);
}

test('a server that is killed again and again under load loses nothing and doubles nothing', {
  skip,
  timeout: 240_000,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _effects = await effects(b);
  await using _out = running(forward(a, busA, counted));
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  const writing = writer(a);
  for (let kill = 0; kill < KILLS; kill++) {
    const before = (await published(b)).length;
    await until(async () => (await published(b)).length > before + 20, WITHIN_MS);
    await server.kill();
    await server.start();
  }
  const count = await writing.stop();
  await until(async () => (await effectsOf(b)).length >= count, WITHIN_MS);
  assert.deepEqual(await effectsOf(b), upTo(count));
});

test('a site that is cut off goes on; all that it said meanwhile arrives when its leaf node is back', {
  skip,
  timeout: 240_000,
}, async () => {
  await using hub = await guideHub();
  await using leaf = await guideLeaf(hub);
  await using site = await siteDatabase();
  await using office = await siteDatabase();
  await using siteBus = busOf(leaf, 'site-a', userOf('payments'));
  await using officeBus = busOf(hub, 'office', userOf('office'));
  await using _effects = await effects(office);
  await using _out = running(forward(site, siteBus, counted));
  await using _in = running(receive(office, officeBus, counted, { from: 'site-a' }));
  const writing = writer(site);
  await until(async () => (await published(office)).length > 20, WITHIN_MS);
  await leaf.kill();
  await until(() => siteBus.problem !== undefined, WITHIN_MS);
  const written = writing.count;
  await sleep(WITHOUT_LEAF_MS);
  assert.ok(writing.count > written, 'it says things all the while');
  assert.ok((await published(office)).length < writing.count, 'and they wait');
  await leaf.start();
  const count = await writing.stop();
  await until(async () => (await effectsOf(office)).length >= count, WITHIN_MS);
  assert.deepEqual(await effectsOf(office), upTo(count));
});

test('a server that forgets what it acknowledged, as one does that loses its power, gets it again', {
  skip,
  timeout: 240_000,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _out = running(forward(a, busA, counted));
  const forwarded = (count: number): Promise<void> =>
    until(() => metric(a, 'event_link_forwarded_total') === count, WITHIN_MS);
  await publish(a, ...upTo(10));
  await forwarded(10);
  const link = running(receive(b, busB, counted, { from: 'site-a' }));
  await until(async () => (await published(b)).length === 10, WITHIN_MS);
  await server.kill();
  server.keepStore();
  await server.start();
  // Ten that are received and forgotten, and ten that are forgotten before anybody has received them.
  await publish(a, ...upTo(20).slice(10));
  await until(async () => (await published(b)).length === 20, WITHIN_MS);
  await link.stop();
  await publish(a, ...upTo(30).slice(20));
  await forwarded(30);
  await server.kill();
  server.bringStoreBack();
  await server.start();
  await using _again = running(receive(b, busB, counted, { from: 'site-a' }));
  await until(async () => (await published(b)).length >= 30, WITHIN_MS);
  await publish(a, 30);
  await until(async () => (await published(b)).length >= 31, WITHIN_MS);
  assert.deepEqual(await published(b), upTo(31));
});

test('when the process that forwards or receives is gone, another one goes on', {
  skip,
  timeout: 240_000,
}, async () => {
  await using server = await natsServer();
  await using a = await siteDatabase();
  await using b = await siteDatabase();
  const writing = writer(a);
  for (let round = 0; round < 4; round++) {
    const before = (await published(b)).length;
    await using busA = busOf(server, 'site-a');
    await using busB = busOf(server, 'site-b');
    await using links = new AsyncDisposableStack();
    for (let process = 0; process < 2; process++) {
      links.use(running(forward(a, busA, counted)));
      links.use(running(receive(b, busB, counted, { from: 'site-a' })));
    }
    await until(async () => (await published(b)).length > before + 20, WITHIN_MS);
    // Their connections go first, in the middle of their work.
    await Promise.all([busA.close(), busB.close()]);
  }
  const count = await writing.stop();
  await using busA = busOf(server, 'site-a');
  await using busB = busOf(server, 'site-b');
  await using _out = running(forward(a, busA, counted));
  await using _in = running(receive(b, busB, counted, { from: 'site-a' }));
  await until(async () => (await published(b)).length >= count, WITHIN_MS);
  assert.deepEqual(await published(b), upTo(count));
});
