/** News on its way to others: rides on every datagram that has room, each piece a bounded number of times, so that
 * it reaches all members with a probability that no loss of single datagrams changes (SWIM's infection-style
 * dissemination; bounded retransmission as in memberlist). What was sent least goes first. Newer news of a member
 * takes the place of older. At most MAX_QUEUED pieces wait; then those sent most often give way. */
import { ByteWriter } from './bytes.ts';
import type { DatagramWriter } from './datagram.ts';
import { isNewer, type News, newsBytes, writeNews } from './news.ts';

/** Times the decimal logarithm of the members, rounded up, is how often a member passes a piece on. */
const RETRANSMITS = 4;
const MAX_QUEUED = 10_000;
/** Few pieces are shorter: with less room left, a datagram is full. */
const SMALL_BYTES = 32;

interface Piece {
  readonly news: News;
  readonly bytes: Uint8Array;
  sent: number;
}

export class NewsQueue {
  /** By how often it was sent, then by subject in the order of arrival. */
  readonly #tiers: Map<string, Piece>[] = [new Map()];
  readonly #tierOf = new Map<string, number>();

  get size(): number {
    return this.#tierOf.size;
  }

  /** @param maxBytes larger announcements are left out: others fetch them when they hear that there is one. */
  add(news: News, maxBytes: number): void {
    const { instance } = news;
    const before = this.#remove(instance);
    const whole = before && carries(before.news, news) ? { ...news, body: before.news.body } : news;
    const fitting = newsBytes(whole) <= maxBytes ? whole : { ...whole, body: undefined };
    const writer = new ByteWriter(newsBytes(fitting));
    writeNews(writer, fitting);
    if (this.size >= MAX_QUEUED) this.#dropMostSent();
    this.#put({ news: fitting, bytes: writer.written, sent: 0 });
  }

  /** Fills the rest of a datagram. */
  fill(datagram: DatagramWriter, members: number): void {
    if (this.size === 0) return;
    const limit = RETRANSMITS * Math.ceil(Math.log10(members + 1));
    const taken: Piece[] = [];
    for (const tier of this.#tiers) {
      if (datagram.room < SMALL_BYTES) break;
      for (const piece of tier.values()) {
        if (datagram.room < SMALL_BYTES) break;
        if (datagram.room < piece.bytes.length) continue;
        datagram.addWritten(piece.bytes);
        taken.push(piece);
      }
    }
    for (const piece of taken) {
      this.#remove(piece.news.instance);
      if (++piece.sent < limit) this.#put(piece);
    }
  }

  #put(piece: Piece): void {
    while (this.#tiers.length <= piece.sent) this.#tiers.push(new Map());
    this.#tiers[piece.sent]!.set(piece.news.instance, piece);
    this.#tierOf.set(piece.news.instance, piece.sent);
  }

  #remove(instance: string): Piece | undefined {
    const tier = this.#tierOf.get(instance);
    if (tier === undefined) return undefined;
    const pieces = this.#tiers[tier]!;
    const piece = pieces.get(instance);
    pieces.delete(instance);
    this.#tierOf.delete(instance);
    return piece;
  }

  #dropMostSent(): void {
    const fullest = this.#tiers.findLast((tier) => tier.size > 0)!;
    this.#remove(fullest.keys().next().value!);
  }
}

/** Whether the older piece has the announcement that the newer one says still holds, and was not told yet. */
function carries(older: News, newer: News): boolean {
  return (
    newer.kind === 'alive' &&
    newer.body === undefined &&
    older.body !== undefined &&
    older.incarnation === newer.incarnation &&
    !isNewer(older, newer)
  );
}
