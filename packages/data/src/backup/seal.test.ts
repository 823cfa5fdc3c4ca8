import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { contentOf, partsOf } from '../fixtures/blob-store-cases.ts';
import { ensureBackupKey, readBackupKey } from './backup-key.ts';
import { seal, unseal } from './seal.ts';

const CHUNK = 65_536;
const HEADER = 45;
const root = mkdtempSync(join(tmpdir(), 'goblin-seal-'));
after(() => rmSync(root, { recursive: true }));
const key = await ensureBackupKey(join(root, 'key'));

const sealed = (plain: Buffer, name = 'n'): Promise<Buffer> => contentOf(seal(key, name, partsOf(plain)));
const open = (bytes: Buffer, name = 'n', with_ = key): Promise<Buffer> =>
  contentOf(unseal(with_, name, partsOf(bytes)));

test('what was sealed opens again, whatever its length and however it is cut', async () => {
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_000]) {
    const plain = randomBytes(size);
    const bytes = await sealed(plain);
    assert.ok((await open(bytes)).equals(plain), `${size} bytes`);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 7_919) pieces.push(bytes.subarray(at, at + 7_919));
    assert.ok(
      (await contentOf(unseal(key, 'n', partsOf(...pieces)))).equals(plain),
      `${size} bytes in pieces`,
    );
  }
});

test('a change of any byte is found', async () => {
  const bytes = await sealed(randomBytes(300));
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    const code = at >= 5 && at < 13 ? 'FAILED_PRECONDITION' : 'DATA_DAMAGED';
    await assert.rejects(open(changed), { code }, `byte ${at}`);
  }
});

test('a cut at any place is found, also between two chunks', async () => {
  const bytes = await sealed(randomBytes(2 * CHUNK + 10));
  const ends = [
    0,
    1,
    HEADER - 1,
    HEADER,
    HEADER + 1,
    HEADER + 16,
    HEADER + CHUNK + 16,
    HEADER + 2 * (CHUNK + 16),
    bytes.length - 1,
  ];
  for (const end of ends)
    await assert.rejects(open(bytes.subarray(0, end)), { code: 'DATA_DAMAGED' }, `${end}`);
  await assert.rejects(open(Buffer.concat([bytes, Buffer.from('x')])), { code: 'DATA_DAMAGED' });
});

test('chunks that were exchanged, repeated or left out are found', async () => {
  const bytes = await sealed(randomBytes(3 * CHUNK));
  const header = bytes.subarray(0, HEADER);
  const [a, b, c] = [0, 1, 2].map((i) =>
    bytes.subarray(HEADER + i * (CHUNK + 16), HEADER + (i + 1) * (CHUNK + 16)),
  ) as [Buffer, Buffer, Buffer];
  for (const order of [
    [b, a, c],
    [a, a, c],
    [a, c],
    [a, b, b],
    [a, b, c, c],
  ])
    await assert.rejects(open(Buffer.concat([header, ...order])), { code: 'DATA_DAMAGED' });
});

test('a stream that was put in the place of another one does not open', async () => {
  await assert.rejects(open(await sealed(randomBytes(100), 'one'), 'other'), { code: 'DATA_DAMAGED' });
});

test('the wrong key is told apart from damage, with the ids of both keys', async () => {
  const other = await ensureBackupKey(join(root, 'other'));
  const ids = new RegExp(`${key.id.toString('hex')}.*${other.id.toString('hex')}`);
  await assert.rejects(open(await sealed(Buffer.from('x')), 'n', other), {
    code: 'FAILED_PRECONDITION',
    message: ids,
  });
});

test('a key is made once, and what is none is refused', async () => {
  assert.ok((await ensureBackupKey(key.file)).secret.equals(key.secret));
  assert.ok((await readBackupKey(key.file)).secret.equals(key.secret));
  await assert.rejects(readBackupKey(join(root, 'none')), { code: 'CONFIG_INVALID' });
  for (const text of ['', 'secret', 'x'.repeat(43), Buffer.alloc(16).toString('base64')]) {
    const file = join(root, 'bad');
    writeFileSync(file, text === 'x'.repeat(43) ? `${text}!` : text);
    await assert.rejects(readBackupKey(file), { code: 'CONFIG_INVALID', message: /openssl rand/ });
  }
});
