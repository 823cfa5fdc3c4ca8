/** What members tell each other about members, one fact at a time, as bytes.
 *
 * A fact counts for a version of its subject: the incarnation of its announcement and, within that, its life, which
 * grows each time the subject has to contradict an accusation. So `still alive` needs no announcement. Layout:
 *
 *     kind u8 | instance name | incarnation u48 | life u32 | by kind:
 *     alive    announcement block: JSON without instance and incarnation; empty when it has not changed
 *     suspect  accuser u32, the hash of who suspects
 *     dead     age u16, seconds since
 *     left     age u16 */
import { parseAnnouncement } from '../discovery/announcement.ts';
import type { Announcement } from '../peer.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

export type NewsKind = 'alive' | 'suspect' | 'dead' | 'left';

export interface News {
  readonly kind: NewsKind;
  readonly instance: string;
  readonly incarnation: number;
  readonly life: number;
  /** Of `alive`: the announcement's JSON; undefined when it is only said that it still holds. */
  readonly body?: Uint8Array | undefined;
  /** Of `suspect`: who says so, by its hash. */
  readonly accuser?: number;
  /** Of `dead` and `left`. */
  readonly ageS?: number;
}

const CODES: Readonly<Record<NewsKind, number>> = { alive: 1, suspect: 2, dead: 3, left: 4 };
const KINDS: readonly (NewsKind | undefined)[] = [undefined, 'alive', 'suspect', 'dead', 'left'];
const HEAD_BYTES = 12;
export const MAX_AGE_S = 65_535;
const MAX_BODY_BYTES = 65_535;

/** How many bytes `writeNews` takes. */
export function newsBytes(news: News): number {
  const head = HEAD_BYTES + news.instance.length;
  if (news.kind === 'alive') return head + 2 + (news.body?.length ?? 0);
  return head + (news.kind === 'suspect' ? 4 : 2);
}

export function writeNews(to: ByteWriter, news: News): void {
  to.u8(CODES[news.kind]);
  to.name(news.instance);
  to.u48(news.incarnation);
  to.u32(news.life);
  if (news.kind === 'alive') to.block(news.body ?? NOTHING);
  else if (news.kind === 'suspect') to.u32(news.accuser ?? 0);
  else to.u16(Math.min(MAX_AGE_S, news.ageS ?? 0));
}

const NOTHING = new Uint8Array();

/** The next fact; undefined when it is none. */
export function readNews(from: ByteReader): News | undefined {
  const kind = KINDS[from.u8()];
  const instance = from.name();
  const incarnation = from.u48();
  const life = from.u32();
  // Each has the same fields, so that whoever reads them meets one shape.
  let body: Uint8Array | undefined;
  let accuser = 0;
  let ageS = 0;
  if (kind === 'alive') body = from.block();
  else if (kind === 'suspect') accuser = from.u32();
  else if (kind) ageS = from.u16();
  if (!kind || from.failed || instance === '') return undefined;
  return { kind, instance, incarnation, life, body, accuser, ageS };
}

/** All facts up to the end; undefined when anything there is none, so that half a message changes nothing. */
export function readAllNews(from: ByteReader): News[] | undefined {
  const all: News[] = [];
  while (!from.done) {
    const news = readNews(from);
    if (!news) return undefined;
    all.push(news);
  }
  return from.failed ? undefined : all;
}

function bodyOf({ instance: _, incarnation: __, ...rest }: Announcement): Uint8Array | undefined {
  const body = Buffer.from(JSON.stringify(rest));
  return body.length <= MAX_BODY_BYTES ? body : undefined;
}

/** The fact that it is there and says this of itself. Without its announcement where that is too large. */
export function aliveNews(announcement: Announcement, life = 0): News & { readonly kind: 'alive' } {
  const { instance, incarnation } = announcement;
  return { kind: 'alive', instance, incarnation, life, body: bodyOf(announcement) };
}

/** The announcement in a fact; undefined when there is none, or none that a member can have. */
export function announcementIn({ instance, incarnation, body }: News): Announcement | undefined {
  if (!body) return undefined;
  try {
    const rest = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
    const announcement = parseAnnouncement({ ...rest, instance, incarnation });
    return announcement?.gossip && announcement;
  } catch {
    return undefined;
  }
}

/** Whether version a.b is newer than c.d. */
export function isNewer(
  one: { readonly incarnation: number; readonly life: number },
  other: { readonly incarnation: number; readonly life: number },
): boolean {
  return (
    one.incarnation > other.incarnation || (one.incarnation === other.incarnation && one.life > other.life)
  );
}
