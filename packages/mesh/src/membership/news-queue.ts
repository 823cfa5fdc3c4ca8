/** News on its way to others: rides on every datagram that has room, each piece a bounded number of times, so that
 * it reaches all members with a probability that no loss of single datagrams changes (SWIM's infection-style
 * dissemination; bounded retransmission as in memberlist). What was sent least goes first. Newer news of a member
 * takes the place of older. At most MAX_QUEUED pieces wait; then those sent most often give way. */
import { ByteWriter } from './bytes.ts';
import type { DatagramWriter } from './datagram.ts';
import { isNewer, type News, newsBytes, writeNews } from './news.ts';

/** A member passes a piece on so often, and as often again for each power of ten in the number of members. */
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
  readonly #pieces = new Map<string, Piece>();
  /** By how often they were sent. */
  readonly #tiers: Set<Piece>[] = [new Set()];

  get size(): number {
    return this.#pieces.size;
  }

  /** @param maxBytes larger announcements are left out: others fetch them when they hear that there is one. */
  add(news: News, maxBytes: number): void {
    const before = this.#pieces.get(news.instance);
    const whole = before && carries(before.news, news) ? { ...news, body: before.news.body } : news;
    const fitting = newsBytes(whole) <= maxBytes ? whole : { ...whole, body: undefined };
    const writer = new ByteWriter(newsBytes(fitting));
    writeNews(writer, fitting);
    if (before) this.#remove(before);
    else if (this.size >= MAX_QUEUED) this.#remove(this.#mostSent());
    const piece = { news: fitting, bytes: writer.written, sent: 0 };
    this.#pieces.set(news.instance, piece);
    this.#tiers[0]!.add(piece);
  }

  /** Fills the rest of a datagram. */
  fill(datagram: DatagramWriter, members: number): void {
    if (this.size === 0) return;
    const taken: Piece[] = [];
    for (const tier of this.#tiers) {
      if (datagram.room < SMALL_BYTES) break;
      for (const piece of tier) {
        if (datagram.room < SMALL_BYTES) break;
        if (datagram.room < piece.bytes.length) continue;
        datagram.addWritten(piece.bytes);
        taken.push(piece);
      }
    }
    const limit = RETRANSMITS * (1 + Math.ceil(Math.log10(members + 1)));
    for (const piece of taken) {
      if (piece.sent + 1 >= limit) this.#remove(piece);
      else this.#promote(piece);
    }
  }

  #promote(piece: Piece): void {
    this.#tiers[piece.sent]!.delete(piece);
    const tier = ++piece.sent;
    this.#tiers[tier] ??= new Set();
    this.#tiers[tier].add(piece);
  }

  #remove(piece: Piece): void {
    this.#tiers[piece.sent]!.delete(piece);
    this.#pieces.delete(piece.news.instance);
  }

  #mostSent(): Piece {
    const last = this.#tiers.findLast((tier) => tier.size > 0)!;
    return last.values().next().value!;
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
