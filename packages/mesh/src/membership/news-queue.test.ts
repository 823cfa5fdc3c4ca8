import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatagramWriter, MAX_PLAIN_BYTES, readDatagram } from './datagram.ts';
import { aliveNews, type News } from './news.ts';
import { NewsQueue } from './news-queue.ts';
import { member } from './testing/messages.ts';

const MEMBERS = 99;
/** 4 times, and as often again for each power of ten. */
const LIMIT = 12;

const dead = (instance: string, life = 0): News => ({ kind: 'dead', instance, incarnation: 1, life });

function sent(queue: NewsQueue): readonly News[] {
  const writer = new DatagramWriter();
  writer.begin({ kind: 'gossip', sender: 'me' }, 0);
  queue.fill(writer, MEMBERS);
  assert.ok(writer.plain.length <= MAX_PLAIN_BYTES);
  return readDatagram(writer.plain)!.news;
}

const subjects = (news: readonly News[]): string[] => news.map(({ instance }) => instance);

test('each piece is sent a bounded number of times', () => {
  const queue = new NewsQueue();
  queue.add(dead('tax-1'), 1_000);
  for (let i = 0; i < LIMIT; i++) assert.deepEqual(subjects(sent(queue)), ['tax-1']);
  assert.equal(queue.size, 0);
  assert.deepEqual(sent(queue), []);
});

test('what was sent least goes first, and what does not fit waits for the next datagram', () => {
  const queue = new NewsQueue();
  for (let i = 0; i < 300; i++) queue.add(dead(`tax-${i}`), 1_000);
  const first = subjects(sent(queue));
  const second = subjects(sent(queue));
  assert.ok(first.length > 40);
  assert.deepEqual(
    first.filter((subject) => second.includes(subject)),
    [],
  );
  for (let i = 0; i < 5; i++) sent(queue);
  queue.add(dead('urgent-1'), 1_000);
  assert.ok(subjects(sent(queue)).includes('urgent-1'));
});

test('newer news of a member takes the place of older', () => {
  const queue = new NewsQueue();
  queue.add(dead('tax-1'), 1_000);
  sent(queue);
  queue.add({ ...dead('tax-1', 1), kind: 'alive' }, 1_000);
  assert.equal(queue.size, 1);
  for (let i = 0; i < LIMIT; i++) assert.equal(sent(queue)[0]?.kind, 'alive');
});

test('an announcement that others may not have yet goes along with the news that it still holds', () => {
  const queue = new NewsQueue();
  queue.add(aliveNews(member), 1_000);
  queue.add({ ...aliveNews(member, 1), body: undefined }, 1_000);
  const [news] = sent(queue);
  assert.ok(news!.life === 1 && news!.body);
});

test('an announcement too large for a datagram is told without its text', () => {
  const queue = new NewsQueue();
  const contracts = Array.from({ length: 200 }, (_, i) => `contract-number-${i}.v1`);
  queue.add(aliveNews({ ...member, contracts }), 1_000);
  assert.equal(sent(queue)[0]?.body, undefined);
});

test('a full queue drops what was sent most', () => {
  const queue = new NewsQueue();
  queue.add(dead('often-1'), 1_000);
  sent(queue);
  for (let i = 0; i < 10_000; i++) queue.add(dead(`tax-${i}`), 1_000);
  assert.equal(queue.size, 10_000);
  const seen = new Set<string>();
  for (let i = 0; i < 400; i++) for (const subject of subjects(sent(queue))) seen.add(subject);
  assert.ok(!seen.has('often-1') && seen.size === 10_000);
});
