/** A membership datagram: what is asked or answered, and as much news as fits behind it. One datagram crosses any
 * network in one piece. Before it is sealed:
 *
 *     protocol and kind u8 | sent at u48, epoch ms | by kind, then news until the end:
 *     ping      sequence u32, target u32 (hash), sender name
 *     ack       sequence u32, flags u8
 *     ping-req  sequence u32, target name
 *     nack      sequence u32
 *     gossip    sender name
 *
 * An ack answers a ping that named us; `introduce` asks its sender, whom we do not know, who it is. A ping-req asks
 * us to ping somebody for its sender: we pass on the ack, or say nack when none came in time. */
import { SEAL_BYTES } from '../discovery/cluster-key.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { type News, newsBytes, readAllNews, writeNews } from './news.ts';

export const MAX_DATAGRAM_BYTES = 1_400;
export const MAX_PLAIN_BYTES: number = MAX_DATAGRAM_BYTES - SEAL_BYTES;
const PROTOCOL = 1 << 4;
const INTRODUCE = 1;

export type Question =
  | { readonly kind: 'ping'; readonly sequence: number; readonly target: number; readonly sender: string }
  | { readonly kind: 'ack'; readonly sequence: number; readonly introduce: boolean }
  | { readonly kind: 'ping-req'; readonly sequence: number; readonly target: string }
  | { readonly kind: 'nack'; readonly sequence: number }
  | { readonly kind: 'gossip'; readonly sender: string };

export interface Datagram {
  readonly question: Question;
  /** Epoch ms. */
  readonly sentAt: number;
  readonly news: readonly News[];
}

const CODES: Readonly<Record<Question['kind'], number>> = {
  ping: 1,
  ack: 2,
  'ping-req': 3,
  nack: 4,
  gossip: 5,
};
const KINDS = [undefined, 'ping', 'ack', 'ping-req', 'nack', 'gossip'] as const;

/** Builds datagrams one after the other in one buffer. */
export class DatagramWriter {
  readonly #to = new ByteWriter(MAX_PLAIN_BYTES);

  begin(question: Question, sentAt: number): void {
    const to = this.#to;
    to.clear();
    to.u8(PROTOCOL | CODES[question.kind]);
    to.u48(sentAt);
    if (question.kind !== 'gossip') to.u32(question.sequence);
    switch (question.kind) {
      case 'ping':
        to.u32(question.target);
        to.name(question.sender);
        break;
      case 'ack':
        to.u8(question.introduce ? INTRODUCE : 0);
        break;
      case 'ping-req':
        to.name(question.target);
        break;
      case 'gossip':
        to.name(question.sender);
    }
  }

  /** Adds news if it still fits. */
  add(news: News): boolean {
    if (newsBytes(news) > this.#to.room) return false;
    writeNews(this.#to, news);
    return true;
  }

  get room(): number {
    return this.#to.room;
  }

  /** Adds news that is written already. */
  addWritten(bytes: Uint8Array): void {
    this.#to.raw(bytes);
  }

  /** The datagram, until the next `begin`. */
  get plain(): Uint8Array {
    return this.#to.written;
  }
}

/** The datagram in plain bytes; undefined when it is none. */
export function readDatagram(plain: Uint8Array): Datagram | undefined {
  const from = new ByteReader(plain);
  const first = from.u8();
  const kind = (first & 0xf0) === PROTOCOL ? KINDS[first & 0x0f] : undefined;
  const sentAt = from.u48();
  const question = kind && readQuestion(kind, from);
  if (!question || from.failed) return undefined;
  const news = readAllNews(from);
  return news && { question, sentAt, news };
}

function readQuestion(kind: Question['kind'], from: ByteReader): Question {
  if (kind === 'gossip') return { kind, sender: from.name() };
  const sequence = from.u32();
  switch (kind) {
    case 'ping':
      return { kind, sequence, target: from.u32(), sender: from.name() };
    case 'ack':
      return { kind, sequence, introduce: (from.u8() & INTRODUCE) !== 0 };
    case 'ping-req':
      return { kind, sequence, target: from.name() };
    case 'nack':
      return { kind, sequence };
  }
}
