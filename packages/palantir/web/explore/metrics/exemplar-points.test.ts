import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exemplar } from '../parts/prometheus.ts';
import { exemplarPoints } from './exemplar-points.ts';

const exemplar = (atMs: number, value: number): Exemplar => ({
  atMs,
  value,
  traceId: `t${atMs}`,
  labels: {},
});

test('of the exemplars of each step the highest is drawn, and leads to its trace', () => {
  const points = exemplarPoints(
    [exemplar(1_000, 0.2), exemplar(1_400, 3), exemplar(1_900, 1), exemplar(2_000, 0.1)],
    1_000,
  );
  assert.deepEqual(points, [
    { atMs: 1_400, value: 3, href: '/explore/traces/t1400' },
    { atMs: 2_000, value: 0.1, href: '/explore/traces/t2000' },
  ]);
});
