import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { MAX_INCARNATION } from '../discovery/announcement.ts';
import { clusterKey } from '../discovery/cluster-key.ts';
import { MAX_EXCHANGE_BYTES } from '../discovery/peer-exchange.ts';
import { announcement, recorder, SECRET } from '../discovery/testing/recorder.ts';
import type { Announcement, Endpoint } from '../peer.ts';
import { MAX_DATAGRAM_BYTES, readDatagram } from './datagram.ts';
import { instanceHash } from './instance-hash.ts';
import { createMembership, type Membership, type MembershipOptions } from './membership.ts';
import type { MembershipNetwork } from './network.ts';
import { aliveNews, type News } from './news.ts';
import { datagramOf, exchangeOf } from './testing/messages.ts';

const KEY = clusterKey({ cluster: 'tests', secret: SECRET });
const OTHER: Endpoint = { host: '10.0.0.99', port: 9 };

const named = (instance: string, host: string, changes: Partial<Announcement> = {}): Announcement =>
  announcement(instance, { gossip: { host, port: 7_946 }, address: { host, port: 80 }, ...changes });

/** One member, and the network that it sees. */
function setUp(known: readonly Announcement[] = [], options: Partial<MembershipOptions> = {}) {
  const clock = virtualClock();
  const telemetry = recorder();
  const changes: string[] = [];
  const sent: { to: Endpoint; datagram: Uint8Array }[] = [];
  /** What is asked over TCP; refused unless a test answers. */
  const network: MembershipNetwork & { exchange: MembershipNetwork['exchange'] } = {
    send: (to, datagram) => void sent.push({ to, datagram }),
    exchange: (_, __, done) => done(undefined, { reason: 'no answer in time', refused: false }),
  };
  let self = named('self-1', '10.0.0.1');
  const membership: Membership = createMembership({
    ...options,
    network,
    clusterKey: KEY,
    clock,
    log: telemetry.log,
    metrics: telemetry.metrics,
    random: seededRandom(3),
    known,
    self: () => self,
    outbid(incarnation) {
      self = { ...self, incarnation: Math.min(incarnation + 1, MAX_INCARNATION) };
      membership.announced();
    },
    events: {
      alive: ({ instance }) => changes.push(`${instance} alive`),
      suspected: ({ instance }) => changes.push(`${instance} suspected`),
      dead: ({ instance }) => changes.push(`${instance} dead`),
      left: ({ instance }) => changes.push(`${instance} left`),
    },
  });
  const hear = (
    news: News,
    question: Parameters<typeof datagramOf>[0] = { kind: 'gossip', sender: 'x' },
  ): void => {
    // The samples were written at another time.
    const datagram = Buffer.from(datagramOf(question, [news]));
    datagram.writeUIntBE(clock.wall(), 1, 6);
    membership.receive(KEY.seal(datagram), OTHER);
  };
  /** What it has sent since the last time, opened. */
  const said = (to?: Endpoint) =>
    sent.splice(0).flatMap((one) => {
      assert.ok(one.datagram.length <= MAX_DATAGRAM_BYTES);
      const { question, news } = readDatagram(KEY.open(one.datagram)!)!;
      return to && to.host !== one.to.host ? [] : [{ question, news, to: one.to }];
    });
  const news = (kind: News['kind'], instance: string, life = 0, incarnation = 1): News => ({
    kind,
    instance,
    incarnation,
    life,
  });
  return {
    clock,
    telemetry,
    membership,
    changes,
    hear,
    said,
    news,
    network,
    get self() {
      return self;
    },
  };
}

test('of two facts the one for the newer version holds, whatever the order they come in', () => {
  const { changes, hear, news } = setUp();
  hear(aliveNews(named('tax-1', '10.0.0.2')));
  hear(news('suspect', 'tax-1'));
  hear(news('alive', 'tax-1', 0));
  hear(news('alive', 'tax-1', 1));
  hear(news('suspect', 'tax-1', 0));
  hear(news('dead', 'tax-1', 0));
  assert.deepEqual(changes, ['tax-1 alive', 'tax-1 suspected', 'tax-1 alive']);
  hear(news('dead', 'tax-1', 1));
  hear(news('alive', 'tax-1', 1));
  hear(news('alive', 'tax-1', 2));
  assert.deepEqual(changes.slice(3), ['tax-1 dead', 'tax-1 alive']);
});

test('who said goodbye, or was dead before we heard of it, is not brought back by old news', () => {
  const { changes, hear, news, membership } = setUp();
  for (const kind of ['left', 'dead'] as const) {
    hear(news(kind, `${kind}-1`));
    hear(aliveNews(named(`${kind}-1`, '10.0.0.2')));
    assert.ok(!membership.has(`${kind}-1`));
  }
  assert.deepEqual(changes, []);
});

test('whoever accuses us is contradicted, to him at once if he asks', () => {
  const { hear, news, said } = setUp([named('tax-1', '10.0.0.2')]);
  const ping = { kind: 'ping', sequence: 7, target: instanceHash('self-1'), sender: 'tax-1' } as const;
  hear(news('suspect', 'self-1'), ping);
  const answers = said(OTHER);
  assert.deepEqual(answers[0]!.question, { kind: 'ack', sequence: 7, introduce: false });
  const contradiction = answers.flatMap((one) => one.news).find((one) => one.instance === 'self-1')!;
  assert.deepEqual([contradiction.kind, contradiction.life], ['alive', 1]);
  hear(news('suspect', 'self-1', 0));
  hear(news('dead', 'self-1', 0));
  assert.deepEqual(said(OTHER), []);
  hear(news('dead', 'self-1', 1));
});

test('an earlier life of our name that went on further is outbid', () => {
  const it = setUp();
  it.hear(it.news('dead', 'self-1', 0, 50));
  assert.equal(it.self.incarnation, 51);
  it.hear(it.news('left', 'self-1', 0, 51));
  assert.equal(it.self.incarnation, 52);
});

test('a ping is answered if it is for us; a stranger who pings is asked who he is', () => {
  const { hear, news, said } = setUp([named('tax-1', '10.0.0.2')]);
  hear(news('dead', 'nobody-1'), {
    kind: 'ping',
    sequence: 1,
    target: instanceHash('other-1'),
    sender: 'tax-1',
  });
  assert.deepEqual(said(OTHER), []);
  hear(news('dead', 'nobody-1'), {
    kind: 'ping',
    sequence: 2,
    target: instanceHash('self-1'),
    sender: 'new-1',
  });
  assert.deepEqual(said(OTHER)[0]!.question, { kind: 'ack', sequence: 2, introduce: true });
});

test('who does not know us is told who we are', () => {
  const { hear, news, said } = setUp();
  hear(news('dead', 'nobody-1'), { kind: 'ack', sequence: 1, introduce: true });
  const [introduction] = said(OTHER);
  assert.ok(introduction!.news.some((one) => one.instance === 'self-1' && one.body));
});

test('a suspect is told so when it is pinged', async () => {
  const suspect = named('tax-1', '10.0.0.2');
  const { clock, hear, news, said } = setUp([suspect, named('tax-2', '10.0.0.3')]);
  hear(news('suspect', 'tax-1'));
  said();
  await clock.advance(1_000);
  const pings = said(suspect.gossip).filter(({ question }) => question.kind === 'ping');
  assert.ok(pings.length > 0);
  for (const ping of pings)
    assert.ok(ping.news.some((one) => one.kind === 'suspect' && one.instance === 'tax-1'));
});

test('who does not answer is asked through others and over TCP, then suspected, then dead', async () => {
  const peers = [1, 2, 3, 4, 5].map((i) => named(`tax-${i}`, `10.0.1.${i}`));
  const { clock, changes, said } = setUp(peers);
  await clock.advance(1_200);
  const asked = said();
  const kinds = asked.map(({ question }) => question.kind);
  assert.ok(kinds.includes('ping') && kinds.filter((kind) => kind === 'ping-req').length >= 3);
  await clock.advance(60_000);
  for (const { instance } of peers) {
    const own = changes.filter((change) => change.startsWith(instance));
    assert.deepEqual(own, [`${instance} suspected`, `${instance} dead`]);
  }
});

test('one that is refused on TCP and silent otherwise is dead within 0.3 s of the hint', async () => {
  const { clock, changes, membership, network } = setUp([
    named('tax-1', '10.0.0.2'),
    named('tax-2', '10.0.0.3'),
  ]);
  network.exchange = (_, __, done) => done(undefined, { reason: 'refused', refused: true });
  membership.suspect('tax-1', 'the connection was closed');
  await clock.advance(310);
  assert.deepEqual(changes, ['tax-1 dead']);
});

test('a hint about one that answers changes nothing', async () => {
  const { clock, changes, membership, hear, said, news } = setUp([named('tax-1', '10.0.0.2')]);
  membership.suspect('tax-1', 'the connection was closed');
  const [ping] = said(named('tax-1', '10.0.0.2').gossip);
  assert.equal(ping!.question.kind, 'ping');
  const { sequence } = ping!.question as { sequence: number };
  hear(news('dead', 'nobody-1'), { kind: 'ack', sequence, introduce: false });
  await clock.advance(310);
  assert.deepEqual(changes, ['tax-1 alive']);
});

test('garbage, strange keys and old messages change nothing, and are counted and said once a minute', () => {
  const { membership, telemetry, changes, clock, said } = setUp([named('tax-1', '10.0.0.2')]);
  const random = seededRandom(9);
  const strange = clusterKey({ cluster: 'tests', secret: 'quite another secret' });
  const plain = Buffer.from(
    datagramOf({ kind: 'gossip', sender: 'x' }, [
      { kind: 'dead', instance: 'tax-1', incarnation: 9, life: 9 },
    ]),
  );
  const old = Buffer.from(plain);
  old.writeUIntBE(clock.wall() - 31_000, 1, 6);
  const bad: Uint8Array[] = [
    Buffer.alloc(0),
    Uint8Array.from({ length: 600 }, () => random() * 256),
    strange.seal(plain),
    KEY.seal(old),
    KEY.seal(Buffer.from('no message')),
    KEY.seal(Buffer.alloc(5_000)),
    KEY.seal(Buffer.concat([plain, Buffer.from([9])])),
  ];
  for (const datagram of bad) membership.receive(datagram, OTHER);
  assert.deepEqual(changes, []);
  assert.equal(said().length, 0);
  assert.equal(telemetry.warnings.length, 1);
  assert.equal(telemetry.value('mesh_membership_datagrams_total{unreadable}'), 4);
  assert.equal(telemetry.value('mesh_membership_datagrams_total{malformed}'), 2);
  assert.equal(telemetry.value('mesh_membership_datagrams_total{stale}'), 1);
});

test('requests over TCP that are garbage, strange or old are refused, counted and said once a minute', async () => {
  const { membership, telemetry, clock } = setUp();
  const strange = clusterKey({ cluster: 'tests', secret: 'quite another secret' });
  const probe = exchangeOf({ kind: 'probe', target: instanceHash('self-1') });
  const bad: Uint8Array[] = [
    Buffer.from('garbage'),
    strange.seal(probe),
    // Written at another time.
    KEY.seal(probe),
    KEY.seal(probe).subarray(0, -1),
    KEY.seal(Buffer.alloc(MAX_EXCHANGE_BYTES)),
  ];
  for (const body of bad) assert.equal(membership.answer(body), undefined);
  assert.equal(telemetry.value('mesh_exchange_refused_total'), bad.length);
  assert.equal(telemetry.warnings.length, 1);
  await clock.advance(60_000);
  assert.equal(telemetry.warnings.length, 2);
  assert.match(telemetry.warnings[1]!, /membership: refused requests .* \(4 times within a minute\)/);
});

test('a process on loopback counts datagrams from other machines and does not open them', () => {
  const { membership, telemetry } = setUp([], { hears: ({ host }) => host !== OTHER.host });
  membership.receive(KEY.seal(datagramOf({ kind: 'gossip', sender: 'x' })), OTHER);
  assert.equal(telemetry.value('mesh_membership_datagrams_total{foreign}'), 1);
  assert.match(telemetry.warnings[0]!, /from other machines/);
});

test('a storm is bounded by what may be opened per second', () => {
  const { membership, telemetry } = setUp();
  for (let i = 0; i < 6_000; i++) membership.receive(Buffer.from('storm'), OTHER);
  assert.equal(telemetry.value('mesh_membership_datagrams_total{dropped}'), 1_000);
});

test('numbers as high as can be told do no harm, whoever they are told of', async () => {
  const { clock, hear, news, said } = setUp([named('tax-1', '10.0.0.2')]);
  const life = 2 ** 32 - 1;
  for (const kind of ['suspect', 'dead', 'left', 'alive'] as const) {
    for (const instance of ['self-1', 'tax-1', 'nobody-1']) hear(news(kind, instance, life, MAX_INCARNATION));
  }
  hear(aliveNews(named('tax-2', '10.0.0.3', { incarnation: MAX_INCARNATION }), life));
  await clock.advance(10_000);
  assert.ok(said().length > 0);
});

test('a goodbye is said to some, and nothing after it', async () => {
  const { clock, membership, said } = setUp([1, 2, 3].map((i) => named(`tax-${i}`, `10.0.1.${i}`)));
  membership.leave();
  const goodbyes = said();
  assert.equal(goodbyes.length, 3);
  for (const { news } of goodbyes) assert.deepEqual([news[0]!.kind, news[0]!.instance], ['left', 'self-1']);
  await clock.advance(60_000);
  assert.deepEqual(said(), []);
});

test('members are counted by state', () => {
  const { hear, news, telemetry } = setUp([1, 2, 3].map((i) => named(`tax-${i}`, `10.0.1.${i}`)));
  hear(news('suspect', 'tax-1'));
  hear(news('dead', 'tax-2'));
  hear(news('left', 'gone-1'));
  for (const state of ['alive', 'suspect', 'dead', 'left']) {
    assert.equal(telemetry.value(`mesh_members{${state}}`), 1, state);
  }
});
