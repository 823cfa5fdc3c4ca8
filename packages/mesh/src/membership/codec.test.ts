import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../balance/testing/seeded-random.ts';
import { announcement } from '../discovery/testing/recorder.ts';
import { DatagramWriter, MAX_PLAIN_BYTES, readDatagram } from './datagram.ts';
import { readExchange } from './exchange-message.ts';
import { aliveNews, announcementIn } from './news.ts';
import {
  allNews,
  datagramOf,
  exchangeOf,
  exchanges,
  member,
  NONCE,
  plainNews,
  questions,
  SENT_AT,
} from './testing/messages.ts';

const FUZZED = 30_000;

test('datagrams of every kind survive their way over the wire, news included', () => {
  for (const question of questions) {
    const read = readDatagram(datagramOf(question, allNews))!;
    assert.deepEqual({ question: read.question, sentAt: read.sentAt }, { question, sentAt: SENT_AT });
    assert.deepEqual(plainNews(read.news), plainNews(allNews));
  }
});

test('exchanges of every kind survive their way over the wire', () => {
  for (const message of exchanges) {
    const { news: readNews, ...read } = { news: undefined, ...readExchange(exchangeOf(message))! };
    const { news, ...rest } = { news: undefined, ...message };
    assert.deepEqual(read, { ...rest, sentAt: SENT_AT, nonce: NONCE });
    assert.deepEqual(readNews && plainNews(readNews), news && plainNews(news));
  }
});

test('an announcement survives too, and one that no member can have is none', () => {
  assert.deepEqual(announcementIn(aliveNews(member)), member);
  assert.equal(announcementIn(aliveNews(announcement('tax-1'))), undefined);
  for (const text of ['', '[]', 'null', '{', '{"gossip":{"host":"a","port":0}}']) {
    const news = {
      kind: 'alive',
      instance: 'tax-1',
      incarnation: 1,
      life: 0,
      body: Buffer.from(text),
    } as const;
    assert.equal(announcementIn(news), undefined, text);
  }
});

test('the bytes are those of the reference', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  // protocol 1, ping | sent at | sequence | target | sender
  assert.equal(hex(datagramOf(questions[0]!)), `11${'01977420dc00'}00000001${'deadbeef'}05${'7461782d31'}`);
  // … gossip | sender, then dead | subject | incarnation | life | age
  assert.equal(
    hex(datagramOf(questions[5]!, [allNews[3]!])),
    `15${'01977420dc00'}05${'7461782d31'}${'03'}06${'73686f702d33'}000000000000${'00000000'}0003`,
  );
  // protocol 1, probe | sent at | nonce | target
  assert.equal(hex(exchangeOf(exchanges[0]!)), `11${'01977420dc00'}feedbeef${'deadbeef'}`);
});

test('a datagram takes news as long as it fits, and never grows beyond one MTU', () => {
  const writer = new DatagramWriter();
  writer.begin(questions[0]!, SENT_AT);
  let added = 0;
  while (writer.add(allNews[2]!)) added++;
  assert.ok(added > 40, `${added}`);
  assert.ok(writer.plain.length <= MAX_PLAIN_BYTES && writer.plain.length > MAX_PLAIN_BYTES - 40);
  assert.equal(readDatagram(writer.plain)!.news.length, added);
});

test('every cut of a message is refused, except where news ends', () => {
  const whole = datagramOf(questions[0]!, allNews);
  let read = 0;
  for (let length = 0; length < whole.length; length++) if (readDatagram(whole.subarray(0, length))) read++;
  assert.equal(read, allNews.length);
  const probe = exchangeOf(exchanges[0]!);
  for (let length = 0; length < probe.length; length++) {
    assert.equal(readExchange(probe.subarray(0, length)), undefined);
  }
});

test('bytes that anybody could make up are read or refused, and never throw', () => {
  const random = seededRandom(1);
  const corpus = [
    ...questions.map((question) => datagramOf(question, allNews)),
    ...exchanges.map((message) => exchangeOf(message)),
  ];
  let refused = 0;
  for (let i = 0; i < FUZZED; i++) {
    const bytes = mutated(corpus[i % corpus.length]!, random);
    const datagram = readDatagram(bytes);
    const exchange = readExchange(bytes);
    for (const news of [
      ...(datagram?.news ?? []),
      ...(exchange && 'news' in exchange ? exchange.news : []),
    ]) {
      announcementIn(news);
    }
    if (!datagram && !exchange) refused++;
  }
  assert.ok(refused > FUZZED / 4 && refused < FUZZED, `${refused} were refused`);
});

/** Some bytes changed, cut off, doubled or put in by chance. */
function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  let result = Uint8Array.from(bytes);
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++) {
    const at = Math.floor(random() * result.length);
    const kind = random();
    if (kind < 0.5) result[at] = random() * 256;
    else if (kind < 0.7) result = result.slice(0, at);
    else if (kind < 0.9) result = Uint8Array.from([...result.slice(0, at), ...result.slice(at >> 1)]);
    else result[at] = random() < 0.5 ? 0 : 255;
  }
  return result;
}
