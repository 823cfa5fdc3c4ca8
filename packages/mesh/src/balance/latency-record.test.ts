import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyRecord } from './latency-record.ts';
import { seededRandom } from './testing/seeded-random.ts';

function recordOf(count: number, latencyMs: (i: number) => number): LatencyRecord {
  const record = new LatencyRecord();
  for (let i = 0; i < count; i++) record.add(latencyMs(i));
  return record;
}

test('nothing is said before there are fifty samples', () => {
  const few = recordOf(49, () => 10);
  assert.deepEqual([few.medianMs, few.p95Ms, few.samples], [0, 0, 49]);
  few.add(10);
  assert.ok(few.medianMs >= 10 && few.p95Ms >= 10);
});

test('median and 95th percentile are at most an eighth too high and never too low, from microseconds to a minute', () => {
  for (const scale of [0.5, 5, 50, 5_000, 60_000]) {
    const random = seededRandom(3);
    const values: number[] = [];
    const record = recordOf(992, () => {
      values.push(random() * scale);
      return values.at(-1)!;
    });
    values.sort((a, b) => a - b);
    for (const [found, q] of [
      [record.medianMs, 0.5],
      [record.p95Ms, 0.95],
    ] as const) {
      const real = values[Math.ceil(q * values.length) - 1]!;
      assert.ok(found >= real && found <= real * 1.125 + 1 / 32, `${found} for ${real}`);
    }
  }
});

test('what is new outweighs what is old within a few hundred samples', () => {
  const record = recordOf(10_000, () => 5);
  for (let i = 0; i < 1_500; i++) record.add(50);
  assert.ok(record.medianMs >= 50, `${record.medianMs}`);
});

test('a percentile at which attempts are raced does not sink because the raced ones are never seen to end', () => {
  /** Where attempts are given up soon after the percentile. */
  const raced = (giveUp: (record: LatencyRecord, afterMs: number) => void): number => {
    const random = seededRandom(5);
    const exponential = (): number => -20 * Math.log(1 - random());
    const record = recordOf(1_000, exponential);
    for (let i = 0; i < 20_000; i++) {
      const latencyMs = exponential();
      if (latencyMs > record.p95Ms) giveUp(record, record.p95Ms + 2);
      else record.add(latencyMs);
    }
    return record.p95Ms;
  };
  const found = raced((record, afterMs) => record.addUnanswered(afterMs));
  assert.ok(found > 52 && found < 76, `${found} for 60`);
  const forgotten = raced(() => {});
  assert.ok(forgotten < 40, `left out they would bring it down: ${forgotten}`);
});

test('an attempt given up early says nothing of the procedure', () => {
  const record = recordOf(1_000, () => 10);
  for (let i = 0; i < 1_000; i++) record.addUnanswered(1);
  assert.equal(record.samples, 1_000);
});

test('times that cannot be are taken as the nearest that can', () => {
  assert.ok(recordOf(50, () => -5).p95Ms < 0.1);
  assert.ok(recordOf(50, () => 1e12).p95Ms > 100_000);
});
