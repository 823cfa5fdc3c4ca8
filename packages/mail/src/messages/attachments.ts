/** Attachments. They are kept in pieces with the message: written as their source gives them, read as the server takes them,
 * so that no process ever holds one as a whole (HTTP providers want all of it in one JSON text: there it is). */
import { type ContextValues, context, GoblinError } from '@goblin/core';
import { type Database, sql, type Transaction } from '@goblin/data';
import { oneLine } from '../addresses.ts';

export const MAX_ATTACHMENTS = 20;
/** All of a mail together: what most servers take, and some room for base64. */
export const MAX_ATTACHMENT_BYTES = 10_485_760;
const PIECE_BYTES = 262_144;
const MAX_FILENAME = 200;
const CONTENT_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;
const CONTENT_ID = /^[A-Za-z0-9._-]{1,100}$/;

export interface AttachmentInput {
  readonly filename: string;
  /** A stream is read to its end, inside of the transaction. */
  readonly content: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** `'application/pdf'`. Default `application/octet-stream`. */
  readonly contentType?: string;
  /** For an image that the HTML shows: `<img src="cid:logo">` shows the one with `contentId: 'logo'`. */
  readonly contentId?: string;
}

export interface Attachment {
  readonly place: number;
  readonly filename: string;
  readonly contentType: string;
  readonly contentId: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Reads it from the database, piece by piece. */
  read(): AsyncIterable<Uint8Array>;
}

/** @throws PAYLOAD_TOO_LARGE, INVALID_INPUT */
export async function keepAttachments(
  tx: Transaction,
  message: number,
  attachments: readonly AttachmentInput[],
): Promise<void> {
  if (attachments.length > MAX_ATTACHMENTS)
    throw invalid(`${attachments.length} attachments are too many: ${MAX_ATTACHMENTS} at most`);
  let left = MAX_ATTACHMENT_BYTES;
  for (const [place, attachment] of attachments.entries()) {
    const { filename, contentType = 'application/octet-stream', contentId } = attachment;
    const name = oneLine(filename);
    if (name === '' || name.length > MAX_FILENAME)
      throw invalid(`the name of an attachment has 1 to ${MAX_FILENAME} characters`);
    if (!CONTENT_TYPE.test(contentType))
      throw invalid(
        `${JSON.stringify(contentType.slice(0, 50))} is not a content type such as application/pdf`,
      );
    if (contentId !== undefined && !CONTENT_ID.test(contentId))
      throw invalid(`the contentId of ${JSON.stringify(name)} is 1 to 100 letters, digits, dots and dashes`);
    await tx.query(sql`
      insert into goblin_mail.attachment (message, place, filename, content_type, content_id, size)
      values (${message}, ${place}, ${name}, ${contentType}, ${contentId ?? null}, 0)`);
    const size = await keepPieces(tx, message, place, attachment.content, left);
    left -= size;
    await tx.query(sql`
      update goblin_mail.attachment set size = ${size} where message = ${message} and place = ${place}`);
  }
}

async function keepPieces(
  tx: Transaction,
  message: number,
  place: number,
  content: AttachmentInput['content'],
  atMost: number,
): Promise<number> {
  let size = 0;
  let piece = 0;
  for await (const bytes of pieces(content)) {
    size += bytes.length;
    if (size > atMost)
      throw new GoblinError('PAYLOAD_TOO_LARGE', {
        message: `the attachments of a mail have ${MAX_ATTACHMENT_BYTES} bytes at most: put the file where it can be fetched, and its link into the mail`,
      });
    await tx.query(sql`
      insert into goblin_mail.attachment_piece (message, place, piece, bytes)
      values (${message}, ${place}, ${piece++}, ${bytes})`);
  }
  return size;
}

/** Whatever the sizes of what comes in, pieces of PIECE_BYTES come out, and a shorter one in the end. */
async function* pieces(content: AttachmentInput['content']): AsyncGenerator<Buffer> {
  const source =
    typeof content === 'string'
      ? [Buffer.from(content)]
      : content instanceof Uint8Array
        ? [content]
        : content;
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < PIECE_BYTES) continue;
    const all = Buffer.concat(waiting);
    const whole = all.length - (all.length % PIECE_BYTES);
    for (let at = 0; at < whole; at += PIECE_BYTES) yield all.subarray(at, at + PIECE_BYTES);
    waiting = [all.subarray(whole)];
    size = all.length - whole;
  }
  if (size > 0) yield Buffer.concat(waiting);
}

export async function attachmentsOf(db: Database, message: number): Promise<Attachment[]> {
  const rows = await db.many<Omit<Attachment, 'read' | 'contentId'> & { contentId: string | null }>(sql`
    select place, filename, content_type as "contentType", content_id as "contentId", size
    from goblin_mail.attachment where message = ${message} and owner = current_user order by place`);
  const values = context.current;
  return rows.map((row) => ({
    ...row,
    contentId: row.contentId ?? undefined,
    read: () => readPieces(db, values, message, row.place, Math.ceil(row.size / PIECE_BYTES)),
  }));
}

/** Streams read in a context of their own, so that of the one who asked is kept. */
async function* readPieces(
  db: Database,
  values: ContextValues,
  message: number,
  place: number,
  count: number,
): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < count; piece++) {
    const statement = sql`
      select bytes from goblin_mail.attachment_piece
      where message = ${message} and place = ${place} and piece = ${piece} and owner = current_user`;
    const { bytes } = await context.enter(values, () => db.one<{ bytes: Buffer }>(statement));
    yield bytes;
  }
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
