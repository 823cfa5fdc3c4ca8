import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OpenPiece, walBuffer } from './wal-buffer.ts';

const LONG_MS = 60_000;
const shape = (piece: OpenPiece | undefined): unknown =>
  piece && [Number(piece.start), Number(piece.end), Buffer.concat(piece.parts).toString()];

test('pieces end with their segment, and the rest begins the next one', async () => {
  const buffer = walBuffer(6n, 10, LONG_MS);
  await buffer.add(6n, Buffer.from('6789012'), 1);
  const first = await buffer.next();
  assert.deepEqual(shape(first), [6, 10, '6789']);
  assert.equal(buffer.storedTo, 6n, 'not before it is said to be stored');
  buffer.stored(first!);
  assert.equal(buffer.storedTo, 10n);
  buffer.close();
  assert.deepEqual(shape(await buffer.next()), [10, 13, '012']);
});

test('a piece that is not full is due after its time', async () => {
  const buffer = walBuffer(0n, 10, 20);
  const next = buffer.next();
  await buffer.add(0n, Buffer.from('01'), 1);
  await buffer.add(2n, Buffer.from('2'), 7);
  const piece = await next;
  assert.deepEqual([shape(piece), piece?.untilMs], [[0, 3, '012'], 7]);
});

test('who adds waits while two segments wait to be stored, and goes on when one is', async () => {
  const buffer = walBuffer(0n, 10, LONG_MS);
  await buffer.add(0n, Buffer.alloc(20, 'x'), 1);
  let added = false;
  const adding = buffer.add(20n, Buffer.from('y'), 2).then(() => {
    added = true;
  });
  const first = await buffer.next();
  assert.equal(added, false);
  buffer.stored(first!);
  await adding;
  buffer.stored((await buffer.next())!);
  buffer.close();
  assert.deepEqual(shape(await buffer.next()), [20, 21, 'y']);
  buffer.stored((await buffer.next())!);
  assert.equal(await buffer.next(), undefined);
});
