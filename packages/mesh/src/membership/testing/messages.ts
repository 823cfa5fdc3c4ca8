/** For tests: one message of each kind, as plain bytes. */
import { announcement } from '../../discovery/testing/recorder.ts';
import { DatagramWriter, type Question } from '../datagram.ts';
import { BUCKETS } from '../digest.ts';
import { type ExchangeMessage, writeExchange } from '../exchange-message.ts';
import { aliveNews, type News } from '../news.ts';

export const SENT_AT = 1_750_000_000_000;
export const NONCE = 0xfeedbeef;

export const member = announcement('tax-1', {
  incarnation: SENT_AT - 1_000,
  startedAt: SENT_AT - 1_000,
  gossip: { host: '10.0.0.7', port: 7_946 },
  zone: 'eu-1',
});

export const allNews: readonly News[] = [
  aliveNews(member, 2),
  { kind: 'alive', instance: 'shop-1', incarnation: 7, life: 1, body: undefined },
  { kind: 'suspect', instance: 'shop-2', incarnation: 2 ** 48 - 1, life: 2 ** 32 - 1, accuser: 0xcafe },
  { kind: 'dead', instance: 'shop-3', incarnation: 0, life: 0, ageS: 3 },
  { kind: 'left', instance: 'x'.repeat(128), incarnation: 1, life: 0, ageS: 65_535 },
];

export const questions: readonly Question[] = [
  { kind: 'ping', sequence: 1, target: 0xdeadbeef, sender: 'tax-1' },
  { kind: 'ack', sequence: 2 ** 32 - 1, introduce: false },
  { kind: 'ack', sequence: 3, introduce: true },
  { kind: 'ping-req', sequence: 4, target: 'shop-1' },
  { kind: 'nack', sequence: 5 },
  { kind: 'gossip', sender: 'tax-1' },
];

const versions = Uint32Array.from({ length: BUCKETS }, (_, i) => i * 0x01010101);
const digest = { versions, announcements: versions.toReversed() };

export const exchanges: readonly ExchangeMessage[] = [
  { kind: 'probe', target: 0xdeadbeef },
  { kind: 'here' },
  { kind: 'other' },
  { kind: 'pull', digest, news: [aliveNews(member)] },
  { kind: 'state', buckets: new Set([0, 7, 8, 255]), news: allNews },
  { kind: 'push', news: allNews.slice(1) },
  { kind: 'taken' },
];

export function datagramOf(question: Question, news: readonly News[] = []): Uint8Array {
  const writer = new DatagramWriter();
  writer.begin(question, SENT_AT);
  for (const one of news) writer.add(one);
  return Uint8Array.from(writer.plain);
}

export function exchangeOf(message: ExchangeMessage): Uint8Array {
  return Uint8Array.from(writeExchange({ ...message, sentAt: SENT_AT, nonce: NONCE }));
}

/** With all fields that reading gives, and bodies as text. */
export function plainNews(news: readonly News[]): unknown[] {
  return news.map(({ kind, instance, incarnation, life, body, accuser = 0, ageS = 0 }) => {
    const text = body && Buffer.from(body).toString();
    return { kind, instance, incarnation, life, body: text, accuser, ageS };
  });
}
