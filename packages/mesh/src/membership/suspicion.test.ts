import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Suspicion } from './suspicion.ts';

const PROBE_MS = 500;

test('a suspicion that nobody shares lasts long, and each that does shortens it', () => {
  const suspicion = new Suspicion(1, 1_200, PROBE_MS, 0);
  const times = [suspicion.deadline];
  for (const accuser of [2, 3, 4]) {
    assert.ok(suspicion.confirm(accuser));
    times.push(suspicion.deadline);
  }
  assert.deepEqual(
    times.map((ms) => Math.round(ms / 10) / 100),
    [13.86, 8.08, 4.71, 2.31],
  );
});

test('nobody counts twice, and more than are needed do not count', () => {
  const suspicion = new Suspicion(1, 1_200, PROBE_MS, 0);
  assert.equal(suspicion.confirm(1), false);
  for (const accuser of [2, 3, 4]) suspicion.confirm(accuser);
  assert.equal(suspicion.confirm(5), false);
  assert.equal(suspicion.accusers, 4);
});

test('where there is nobody to confirm, the shortest time holds, which is never under 2 s', () => {
  assert.equal(new Suspicion(1, 2, PROBE_MS, 100).deadline, 2_100);
  assert.equal(new Suspicion(1, 3, PROBE_MS, 100).deadline, 2_100);
  assert.equal(new Suspicion(1, 4, PROBE_MS, 100).deadline, 12_100);
});

test('at half time the suspect is to be asked itself, then its time runs out', () => {
  const suspicion = new Suspicion(1, 3, PROBE_MS, 0);
  assert.equal(suspicion.due, 1_000);
  suspicion.reminded = true;
  assert.equal(suspicion.due, 2_000);
});
