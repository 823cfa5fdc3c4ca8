import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alert } from '../alerts/alert.ts';
import type { SwarmService } from '../swarm/swarm-state.ts';
import { type Seen, summariesOf } from './service-summaries.ts';

const TAX: SwarmService = {
  name: 'tax',
  kind: 'service',
  wanted: 2,
  ready: 2,
  versions: ['a', 'b'],
  restarts: 1,
};
const NOTHING: Seen = { traffic: new Map(), history: new Map(), flows: [], stalls: [], alerts: [] };
const ALERT: Alert = {
  id: '1',
  rule: 'latency',
  severity: 'page',
  state: 'firing',
  service: 'tax',
  labels: {},
  value: 1,
  summary: 'tax is slow',
  sinceMs: 0,
  isFlapping: false,
  evidence: [],
};

function judged(service: Partial<SwarmService>, seen: Partial<Seen>): [string, string | undefined] {
  const [summary] = summariesOf([{ ...TAX, ...service }], { ...NOTHING, ...seen });
  return [summary!.state, summary!.detail];
}

function answering(errorShare: number): Seen['traffic'] {
  return new Map([['tax', { requestsPerSecond: 9, errorShare, p50Ms: 1, p95Ms: 2 }]]);
}

test('a service is what its instances, its answers, its callers and its alerts say, the worst of it first', () => {
  const flow = { from: 'shop', to: 'tax', requestsPerSecond: 4, errorShare: 0.5, p95Ms: 5_000 };
  assert.deepEqual(judged({}, {}), ['ok', undefined]);
  assert.deepEqual(judged({ wanted: 0, ready: 0 }, {}), ['ok', undefined]);
  assert.deepEqual(judged({ ready: 1 }, {}), ['degraded', '1 of 2 instances are ready']);
  assert.deepEqual(judged({}, { traffic: answering(0.2) }), ['degraded', '20 % of its answers are failures']);
  assert.deepEqual(judged({}, { traffic: answering(0.005) }), ['ok', undefined]);
  assert.deepEqual(judged({ ready: 1 }, { flows: [flow] }), ['degraded', '50 % of the calls of shop fail']);
  assert.deepEqual(judged({}, { flows: [{ ...flow, to: 'vat' }] }), ['ok', undefined]);
  const slow = { ...flow, errorShare: 0 };
  assert.match(judged({}, { flows: [slow] })[1]!, /^one call of twenty of shop takes 5\.0 s/);
  assert.deepEqual(judged({}, { flows: [{ ...slow, from: 'edge' }] }), ['ok', undefined], 'streams last');
  const stall = { service: 'tax', kind: 'statements', seconds: 7 } as const;
  const hangs = ['degraded', 'its database has kept statements waiting for 7 s'];
  assert.deepEqual(judged({}, { stalls: [stall], flows: [flow] }), hangs);
  assert.deepEqual(judged({}, { stalls: [{ ...stall, service: 'vat' }] }), ['ok', undefined]);
  assert.deepEqual(judged({}, { alerts: [ALERT], flows: [flow], stalls: [stall] }), [
    'degraded',
    'tax is slow',
  ]);
  assert.deepEqual(judged({ ready: 0 }, { alerts: [ALERT] }), ['down', 'no instance is ready']);
});

test('what is muted, resolved or only shown does not make a service degraded', () => {
  for (const change of [
    { mutedBy: 'silence 1' },
    { state: 'resolved' as const },
    { severity: 'info' as const },
  ])
    assert.deepEqual(judged({}, { alerts: [{ ...ALERT, ...change }] }), ['ok', undefined]);
});

test('the newest version and the last numbers are shown', () => {
  const [summary] = summariesOf([TAX], {
    ...NOTHING,
    traffic: answering(0),
    history: new Map([['tax', [1, 2]]]),
  });
  const { version, requestsPerSecond, history, restarts } = summary!;
  assert.deepEqual([version, requestsPerSecond, history, restarts], ['b', 9, [1, 2], 1]);
});
