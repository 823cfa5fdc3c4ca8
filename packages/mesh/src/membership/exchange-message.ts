/** What members ask each other over TCP. Before it is sealed:
 *
 *     protocol and kind u8 | sent at u48, epoch ms | nonce u32, the request's | by kind:
 *     probe   target u32 (hash)          are you there?
 *     here                               yes
 *     other                              somebody else is
 *     pull    digest, then news of the asker    what do you know that I do not?
 *     state   buckets, 32 bytes of bits; then news     this is all I know in these buckets
 *     push    news                       this you do not know
 *     taken */
import { MAX_EXCHANGE_BYTES } from '../discovery/peer-exchange.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { BUCKETS, DIGEST_BYTES, type Digest, readDigest, writeDigest } from './digest.ts';
import { type News, newsBytes, readAllNews, writeNews } from './news.ts';

const ROOM_FOR_SEAL_BYTES = 1_024;
const PROTOCOL = 1 << 4;
const HEAD_BYTES = 11;

export type ExchangeMessage =
  | { readonly kind: 'probe'; readonly target: number }
  | { readonly kind: 'here' | 'other' | 'taken' }
  | { readonly kind: 'pull'; readonly digest: Digest; readonly news: readonly News[] }
  | { readonly kind: 'state'; readonly buckets: ReadonlySet<number>; readonly news: readonly News[] }
  | { readonly kind: 'push'; readonly news: readonly News[] };

export type Stamped<M> = M & { readonly sentAt: number; readonly nonce: number };

const KINDS = [undefined, 'probe', 'here', 'other', 'pull', 'state', 'push', 'taken'] as const;

/** How much news a message can carry. */
export const MAX_NEWS_BYTES: number = MAX_EXCHANGE_BYTES - ROOM_FOR_SEAL_BYTES - HEAD_BYTES - DIGEST_BYTES;

export function writeExchange(message: Stamped<ExchangeMessage>): Uint8Array {
  const news = 'news' in message ? message.news : [];
  const to = new ByteWriter(HEAD_BYTES + DIGEST_BYTES + news.reduce((sum, one) => sum + newsBytes(one), 0));
  to.u8(PROTOCOL | KINDS.indexOf(message.kind));
  to.u48(message.sentAt);
  to.u32(message.nonce);
  if (message.kind === 'probe') to.u32(message.target);
  else if (message.kind === 'pull') writeDigest(to, message.digest);
  else if (message.kind === 'state') to.raw(bitsOf(message.buckets));
  for (const one of news) writeNews(to, one);
  return to.written;
}

/** The message in plain bytes; undefined when it is none. */
export function readExchange(plain: Uint8Array): Stamped<ExchangeMessage> | undefined {
  const from = new ByteReader(plain);
  const first = from.u8();
  const kind = (first & 0xf0) === PROTOCOL ? KINDS[first & 0x0f] : undefined;
  const stamp = { sentAt: from.u48(), nonce: from.u32() };
  const message = kind && readMessage(kind, from);
  return message && !from.failed && from.done ? { ...stamp, ...message } : undefined;
}

function readMessage(kind: ExchangeMessage['kind'], from: ByteReader): ExchangeMessage | undefined {
  if (kind === 'probe') return { kind, target: from.u32() };
  if (kind === 'here' || kind === 'other' || kind === 'taken') return { kind };
  const digest = kind === 'pull' ? readDigest(from) : undefined;
  const buckets = kind === 'state' ? bucketsIn(from.raw(BUCKETS / 8)) : undefined;
  const news = from.failed ? undefined : readAllNews(from);
  if (!news) return undefined;
  if (kind === 'pull') return { kind, digest: digest!, news };
  return kind === 'state' ? { kind, buckets: buckets!, news } : { kind, news };
}

function bitsOf(buckets: ReadonlySet<number>): Uint8Array {
  const bits = new Uint8Array(BUCKETS / 8);
  for (const bucket of buckets) bits[bucket >> 3]! |= 1 << (bucket & 7);
  return bits;
}

function bucketsIn(bits: Uint8Array): Set<number> {
  const buckets = new Set<number>();
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    if (((bits[bucket >> 3] ?? 0) >> (bucket & 7)) & 1) buckets.add(bucket);
  }
  return buckets;
}
