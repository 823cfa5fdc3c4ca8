import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { isStale, STALE_NAN_BYTES } from '../../sample-rules.ts';
import { ByteReader, ByteWriter, unpack } from '../bytes.ts';
import { seededRandom } from '../fixtures/random.ts';
import { MAX_COLUMN_INT, readInts, writeInts } from './int-column.ts';
import { decodePoints, encodePoints, type SeriesPoints } from './points-block.ts';
import { readValues, writeValues } from './value-column.ts';

const random = seededRandom(7);

function throughInts(values: readonly number[]): number[] {
  const out = new ByteWriter();
  writeInts(out, values);
  return [...readInts(new ByteReader(out.done()), values.length)];
}

function throughValues(values: Float64Array): { bytes: number; read: Float64Array } {
  const out = new ByteWriter();
  writeValues(out, values);
  return { bytes: out.length, read: readValues(new ByteReader(out.done()), values.length) };
}

test('whole numbers of any size come back, whatever their differences', () => {
  for (let round = 0; round < 300; round++) {
    const range = 2 ** random(51);
    const start = random(2 ** 31) * 1_000;
    const values = Array.from(
      { length: random(50) },
      () => start + Math.floor((random(2 ** 32) / 2 ** 32) * range),
    );
    assert.deepEqual(throughInts(values), values);
  }
  const extremes = [0, MAX_COLUMN_INT, 0, -MAX_COLUMN_INT / 2, 5];
  assert.deepEqual(throughInts(extremes), extremes);
});

test('what rises evenly costs no more than its beginning', () => {
  const out = new ByteWriter();
  writeInts(
    out,
    Array.from({ length: 1_000 }, (_, i) => 17 + i * 15_000),
  );
  // A step of 15,000 takes two planes, of which only the first byte is not zero.
  assert.ok(out.done().filter((byte) => byte !== 0).length < 8);
});

test('doubles come back bit for bit', () => {
  const odd = [
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
    0.1,
  ];
  const kinds: (() => number)[] = [
    () => random(1_000),
    () => random(100_000) / 100,
    () => random(2 ** 32) / 7,
    () => odd[random(odd.length)]!,
    () => 42,
    () => -random(1_000_000) / 1e6,
    () => random(2 ** 32) * 2 ** 30,
  ];
  for (let round = 0; round < 400; round++) {
    const mixed = round % 3 === 0;
    const kind = kinds[random(kinds.length)]!;
    const values = Float64Array.from({ length: random(40) }, () =>
      (mixed ? kinds[random(kinds.length)]! : kind)(),
    );
    const { read } = throughValues(values);
    assert.deepEqual(
      new Uint8Array(read.buffer, read.byteOffset, read.byteLength),
      new Uint8Array(values.buffer),
    );
  }
});

test('counters and decimals with few places are kept as whole numbers', () => {
  const counter = Float64Array.from({ length: 1_000 }, (_, i) => 1_000_000 + i * 3);
  assert.ok(throughValues(counter).bytes < 1_100);
  const gauge = Float64Array.from({ length: 1_000 }, (_, i) => 20 + (i % 17) / 100);
  assert.ok(throughValues(gauge).bytes < 2_100);
});

test("the mark of a series' end is kept and told from an ordinary NaN", () => {
  const values = new Float64Array(new Uint8Array([...STALE_NAN_BYTES, ...STALE_NAN_BYTES]).buffer);
  values[1] = Number.NaN;
  const [block] = decodePoints(encodePoints([{ id: 1, times: new Float64Array([1, 2]), values }]));
  assert.deepEqual([isStale(block!.values, 0), isStale(block!.values, 1)], [true, false]);
});

test('of a block each series can be read without the others', () => {
  const series: SeriesPoints[] = Array.from({ length: 20 }, (_, i) => ({
    id: i * 3,
    times: Float64Array.from({ length: 50 }, (_, j) => j * 1_000 + (i > 10 ? i : 0)),
    values: Float64Array.from({ length: 50 }, () => random(1_000)),
  }));
  const packed = encodePoints(series);
  assert.deepEqual(decodePoints(packed), series);
  assert.deepEqual(
    decodePoints(packed, (id) => id === 36),
    [series[12]],
  );
});

test('damaged blocks are called damaged, and nothing worse happens', () => {
  const series = [0, 1, 2].map((id) => ({
    id,
    times: Float64Array.from({ length: 200 }, (_, j) => j * 10 + random(9)),
    values: Float64Array.from({ length: 200 }, () => random(2 ** 32) / 3),
  }));
  const packed = encodePoints(series);
  const plain = Buffer.concat([Buffer.of(0), unpack(packed)]);
  for (let round = 0; round < 2_000; round++) {
    const bytes = Buffer.from(round % 2 ? packed : plain);
    for (let i = random(4); i >= 0; i--) bytes[random(bytes.length)] = random(256);
    const cut = random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    try {
      decodePoints(cut);
    } catch (error) {
      assert.ok(isGoblinError(error, 'DATA_DAMAGED'), String(error));
    }
  }
});
