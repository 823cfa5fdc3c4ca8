/** Encryption of a stream, so that whoever keeps it can neither read it nor change it unseen.
 *
 * The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
 * Misuse-Resistance, 2015), as age and Tink use it: chunks of 64 KiB under AES-256-GCM, whose nonces are the number of
 * the chunk and a mark on the last one. A changed, left out, repeated or moved chunk has another nonce than it was
 * sealed with, and a stream that was cut has no last one. Each stream has a key of its own, derived (HKDF-SHA256,
 * RFC 5869) from the secret key, a random salt and the name it is kept under; so no nonce is used twice, and a
 * stream that was put in the place of another one does not open.
 *
 * Form: `GBLN` 0x01, id of the key (8 bytes), salt (32 bytes); then chunks, each followed by its tag (16 bytes). All
 * chunks but the last are full. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { GoblinError } from '@goblin/core';
import type { BackupKey } from './backup-key.ts';

const MAGIC = Buffer.from('GBLN\u0001');
const KEY_ID_BYTES = 8;
const SALT_BYTES = 32;
const HEADER_BYTES = MAGIC.length + KEY_ID_BYTES + SALT_BYTES;
const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const ALGORITHM = 'aes-256-gcm';

/** @param name what the stream is kept under; it must be opened under the same name. */
export async function* seal(
  key: BackupKey,
  name: string,
  plain: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const header = Buffer.concat([MAGIC, key.id, randomBytes(SALT_BYTES)]);
  const streamKey = deriveKey(key, header, name);
  yield header;
  let number = 0;
  for await (const { chunk, isLast } of cut(plain, CHUNK_BYTES)) {
    const cipher = createCipheriv(ALGORITHM, streamKey, nonce(number++, isLast));
    yield cipher.update(chunk);
    cipher.final();
    yield cipher.getAuthTag();
  }
}

/** What was sealed. Every chunk that comes out is authentic; that none is missing is known at the end.
 * @throws DATA_DAMAGED, FAILED_PRECONDITION when another key is needed */
export async function* unseal(
  key: BackupKey,
  name: string,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let streamKey: Buffer | undefined;
  let number = 0;
  for await (const { chunk, isLast } of cut(sealed, CHUNK_BYTES + TAG_BYTES, HEADER_BYTES)) {
    if (!streamKey) {
      checkHeader(chunk, key, name);
      streamKey = deriveKey(key, chunk, name);
      if (isLast) throw damaged(name);
      continue;
    }
    if (chunk.length < TAG_BYTES) throw damaged(name);
    const decipher = createDecipheriv(ALGORITHM, streamKey, nonce(number++, isLast));
    decipher.setAuthTag(chunk.subarray(-TAG_BYTES));
    const plain = decipher.update(chunk.subarray(0, -TAG_BYTES));
    try {
      decipher.final();
    } catch (error) {
      throw damaged(name, error);
    }
    yield plain;
  }
}

/** Pieces of exactly `size` bytes, the first of `first`, the last of what is left, which may be nothing. */
async function* cut(
  source: AsyncIterable<Uint8Array>,
  size: number,
  first = size,
): AsyncGenerator<{ chunk: Buffer; isLast: boolean }> {
  let wanted = first;
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of source) {
    waiting.push(part);
    bytes += part.byteLength;
    // A full piece may be the last one: it is held back until more comes.
    if (bytes <= wanted) continue;
    let all = Buffer.concat(waiting);
    while (all.length > wanted) {
      yield { chunk: all.subarray(0, wanted), isLast: false };
      all = all.subarray(wanted);
      wanted = size;
    }
    waiting = [all];
    bytes = all.length;
  }
  yield { chunk: Buffer.concat(waiting), isLast: true };
}

function nonce(number: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes.writeUIntBE(number, NONCE_BYTES - 7, 6);
  bytes[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return bytes;
}

function deriveKey(key: BackupKey, header: Buffer, name: string): Buffer {
  const info = Buffer.concat([Buffer.from('goblin backup 1\0'), Buffer.from(name)]);
  return Buffer.from(hkdfSync('sha256', key.secret, header, info, 32));
}

function checkHeader(header: Buffer, key: BackupKey, name: string): void {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged(name);
  const id = header.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES);
  if (id.equals(key.id)) return;
  throw new GoblinError('FAILED_PRECONDITION', {
    message: `${name} was encrypted with the key ${id.toString('hex')}, and the key in ${key.file} is ${key.id.toString('hex')}: name the file of that key by BACKUP_KEY_FILE`,
  });
}

function damaged(name: string, cause?: unknown): GoblinError {
  return new GoblinError('DATA_DAMAGED', {
    message: `${name} is not what was written: it was changed, cut or exchanged`,
    ...(cause !== undefined && { cause }),
  });
}
