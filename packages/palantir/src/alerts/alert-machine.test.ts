import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../store/fixtures/random.ts';
import { type AlertRecord, MAX_MISSING_MS, nextRecord, type Sight, unseen } from './alert-machine.ts';

const ROUND_MS = 5_000;
const CONTENT = {
  ...{ id: 'a', rule: 'errors', severity: 'page' as const, service: 'tax', labels: { service: 'tax' } },
  ...{ value: 7, summary: 'tax fails', evidence: [] },
};

interface Run {
  readonly record: () => AlertRecord | undefined;
  see(sight: 'holds' | 'clear' | 'unknown', rounds?: number): Run;
  /** Nobody looks for so long, and then does. */
  pause(ms: number): Run;
}

function run(forMs: number, keepForMs: number): Run {
  let atMs = 1_000_000;
  let unseenMs = 0;
  let record: AlertRecord | undefined;
  const one: Run = {
    record: () => record,
    see(sight, rounds = 1) {
      for (let round = 0; round < rounds; round++) {
        atMs += ROUND_MS;
        const found: Sight = sight === 'holds' ? CONTENT : sight;
        const sinceLastMs = ROUND_MS + unseenMs;
        record = nextRecord(record, found, {
          ...{ atMs, sinceLastMs, unseenMs: unseenMs && sinceLastMs, forMs, keepForMs },
        });
        unseenMs = 0;
      }
      return one;
    },
    pause(ms) {
      atMs += ms;
      unseenMs = ms;
      return one;
    },
  };
  return one;
}

const stateOf = (one: Run): string => one.record()?.state ?? 'inactive';

test('an alert is pending until its condition has held for so long, and gone when it ends before', () => {
  const one = run(30_000, 0);
  assert.equal(stateOf(one.see('holds')), 'pending');
  assert.equal(stateOf(one.see('holds', 5)), 'pending');
  assert.equal(stateOf(one.see('holds')), 'firing');
  assert.equal(stateOf(run(30_000, 0).see('holds', 6).see('clear')), 'inactive');
});

test('without a time to hold it fires at once', () => {
  assert.equal(stateOf(run(0, 0).see('holds')), 'firing');
});

test('it is resolved once it was clear for so long; when it holds again before, it never was', () => {
  const one = run(0, 30_000).see('holds').see('clear', 6);
  const { firedAtMs } = one.record()!;
  assert.equal(stateOf(one), 'firing');
  one.see('holds').see('clear', 6);
  assert.deepEqual([stateOf(one), one.record()!.firedAtMs], ['firing', firedAtMs]);
  assert.equal(stateOf(one.see('clear')), 'resolved');
});

test('an alert that fires again after it was resolved begins anew', () => {
  const one = run(10_000, 0).see('holds', 3).see('clear');
  const { firedAtMs } = one.record()!;
  assert.equal(stateOf(one.see('holds')), 'pending');
  assert.equal(one.record()!.resolvedAtMs, undefined);
  one.see('holds', 2);
  assert.ok(one.record()!.firedAtMs! > firedAtMs!);
});

test('time in which nobody looked neither fires nor resolves', () => {
  assert.equal(stateOf(run(60_000, 0).see('holds').pause(3_600_000).see('holds')), 'pending');
  const clearing = run(0, 60_000).see('holds').see('clear').pause(3_600_000).see('clear');
  assert.equal(stateOf(clearing), 'firing');
  assert.equal(stateOf(clearing.see('clear', 12)), 'resolved');
});

test('without data an alert stays as it is, for an hour of looking', () => {
  const pending = run(30_000, 0).see('holds', 3).see('unknown', 100);
  assert.equal(stateOf(pending.see('holds')), 'pending', 'the time without data did not count');
  const firing = run(0, 0)
    .see('holds')
    .see('unknown', 100)
    .pause(2 * MAX_MISSING_MS);
  assert.equal(stateOf(firing.see('unknown')), 'firing');
  assert.equal(stateOf(firing.see('unknown', MAX_MISSING_MS / ROUND_MS)), 'resolved');
});

test('a rule that was not read leaves its alerts as they are', () => {
  const record = run(60_000, 0).see('holds').record()!;
  assert.equal(unseen(record, 5_000).heldFromMs, record.heldFromMs + 5_000);
  const done = run(0, 0).see('holds').see('clear').record()!;
  assert.equal(unseen(done, 5_000), done);
});

test('whatever comes, it fires only after it was seen to hold long enough, and is resolved once for each firing', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const [forMs, keepForMs] = [random(5) * 10_000, random(5) * 10_000];
    let atMs = 1_000_000;
    let record: AlertRecord | undefined;
    let stored: AlertRecord | undefined;
    /** How long it was seen to hold, and to be clear, without a break. */
    let heldMs: number | undefined;
    let clearMs: number | undefined;
    let firings = 0;
    let resolutions = 0;
    for (let round = 0; round < 400; round++) {
      const unseenMs = random(20) === 0 ? 60_000 + random(7_200_000) : 0;
      const sinceLastMs = unseenMs || ROUND_MS;
      atMs += sinceLastMs;
      const kind = random(10);
      // Moods that last: otherwise nothing ever holds for long.
      const isBad = Math.floor(round / 15) % 2 === 0;
      const sight: Sight = kind === 0 ? 'unknown' : isBad === kind < 9 ? CONTENT : 'clear';
      const look = { atMs, sinceLastMs, unseenMs, forMs, keepForMs };
      const before = record;
      record = nextRecord(before, sight, look);
      // A restart in between changes nothing.
      stored = nextRecord(stored && (JSON.parse(JSON.stringify(stored)) as AlertRecord), sight, look);
      assert.deepEqual(stored, record);

      const seenMs = unseenMs ? 0 : sinceLastMs;
      if (sight === CONTENT) {
        heldMs = heldMs === undefined ? 0 : heldMs + seenMs;
        clearMs = undefined;
      } else if (sight === 'clear') {
        clearMs = clearMs === undefined ? 0 : clearMs + seenMs;
        heldMs = undefined;
      }
      const [was, is] = [before?.state ?? 'inactive', record?.state ?? 'inactive'];
      if (was !== 'firing' && is === 'firing') {
        firings++;
        assert.ok(heldMs! >= forMs, `seed ${seed}, round ${round}: it fired after ${heldMs} of ${forMs} ms`);
      }
      if (was === 'firing' && is !== 'firing') {
        resolutions++;
        assert.equal(is, 'resolved');
        assert.ok(
          clearMs! >= keepForMs,
          `seed ${seed}, round ${round}: resolved after ${clearMs} of ${keepForMs} ms`,
        );
      }
    }
    assert.ok(firings - resolutions === (record?.state === 'firing' ? 1 : 0));
    if (forMs === 0) assert.ok(firings > 0);
  }
});
