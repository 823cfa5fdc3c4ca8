import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Peer, PeerView, TargetView } from '@goblin/mesh';
import { coloursFor } from './colours.ts';
import { explanation } from './explanation.ts';

const PLAIN = coloursFor({ write: () => {} }, { NO_COLOR: '1' });
const CALLER = { instance: 'payments-1' } as Peer;

function peer(instance: string, changes: Partial<PeerView> = {}): PeerView {
  return {
    instance,
    service: 'tax',
    version: '1',
    address: '127.0.0.1:4100',
    state: 'ready',
    zone: null,
    weight: 1,
    load: null,
    suspected: null,
    inSubset: true,
    effectiveWeight: 1,
    latencyMs: 1.234,
    slowness: 1,
    inFlight: 0,
    successRate: 1,
    ejected: null,
    lastFailure: null,
    why: null,
    ...changes,
  };
}

test('each peer is shown with what the caller knows of it and why it gets its share or none', () => {
  const view: TargetView = {
    name: 'tax',
    kind: 'service',
    caller: { instance: 'payments-1', zone: 'a' },
    peers: [
      peer('tax-1'),
      peer('tax-2', { effectiveWeight: 0.25, latencyMs: 310, successRate: 0.5, why: 'slow start: 25 %' }),
      peer('tax-3', { state: 'draining', latencyMs: null, successRate: null, why: 'is draining' }),
    ],
    calls: [
      {
        target: 'tax.v1',
        attempts: { ok: 40, failed: 2, unreachable: 0 },
        hedges: { made: 3, won: 1 },
        retryBudget: 9.7,
        procedures: [
          { path: '/tax.v1/quote', samples: 42, p50Ms: 1.2, p95Ms: 30.4, hedgeAfterMs: 30 },
          { path: '/tax.v1/rates', samples: 1, p50Ms: null, p95Ms: null, hedgeAfterMs: null },
        ],
      },
    ],
  };
  assert.deepEqual(explanation(CALLER, view, PLAIN).split('\n'), [
    'payments-1 in zone a → tax',
    '  PEER   STATE     ZONE     WEIGHT  IN FLIGHT  LATENCY  SUCCESS  WHY',
    '  tax-1  ready     -             1          0   1.2 ms    100 %  gets its share',
    '  tax-2  ready     -     0.25 of 1          0   310 ms     50 %  slow start: 25 %',
    '  tax-3  draining  -             1          0        -        -  is draining',
    '  attempts by the name of tax.v1: 40 ok, 2 failed; 9 retries left; 3 hedges, of which 1 were first',
    '  /tax.v1/quote: p50 1.2 ms, p95 30 ms of 42',
  ]);
  const nobody = explanation(CALLER, { ...view, peers: [], calls: [] }, PLAIN);
  assert.equal(nobody, 'payments-1 in zone a → tax\n  knows no instance of it');
});
