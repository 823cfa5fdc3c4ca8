import assert from 'node:assert/strict';
import { test } from 'node:test';
import { large } from '../../test/wall-states.fixture.ts';
import { seededRandom } from '../store/fixtures/random.ts';
import { difference } from './difference.ts';
import { applyPatch, type Operation } from './json-patch.ts';

type Random = (below: number) => number;
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const SEQUENCES = 300;
const STATES = 12;
const KEYS = ['id', 'name', 'from', 'to', 'a/b', '~1', '', '__proto__', '0', 'constructor'];

/** Whatever JSON can hold, with the keys that are hard. */
function anything(random: Random, depth = 0): Json {
  const kind = random(depth > 3 ? 5 : 8);
  if (kind < 5) return [null, true, random(4), -random(1_000) / 7, KEYS[random(KEYS.length)]!][kind]!;
  const items = Array.from({ length: random(6) }, () => anything(random, depth + 1));
  return kind === 5
    ? items
    : Object.fromEntries(items.map((item) => [KEYS[random(KEYS.length)]!, item] as const));
}

/** Entries that come, go, change, change places, and sometimes have the same identity. */
function entries(random: Random, before: Json[]): Json[] {
  const kept = before
    .filter(() => random(8) > 0)
    .map((one) => (random(3) === 0 ? touched(random, one) : one));
  for (let more = random(3); more > 0; more--)
    kept.splice(random(kept.length + 1), 0, { id: random(12), value: anything(random, 2) });
  if (random(10) === 0) kept.reverse();
  return kept;
}

function touched(random: Random, one: Json): Json {
  if (typeof one !== 'object' || one === null || Array.isArray(one)) return anything(random);
  return { ...one, [KEYS[random(KEYS.length)]!]: anything(random, 2), value: random(9) };
}

const copyOf = (state: unknown): Json => JSON.parse(JSON.stringify(state)) as Json;

test('applying differences gives exactly the state, for whatever states follow on each other', () => {
  const random = seededRandom(7);
  for (let sequence = 0; sequence < SEQUENCES; sequence++) {
    let state: { list: Json[]; nested: { name: string; within: Json[] }[]; rest: Json } = {
      list: [],
      nested: [],
      rest: null,
    };
    let shown = copyOf(state);
    for (let step = 0; step < STATES; step++) {
      const after = {
        list: entries(random, state.list),
        nested: ['a', 'b', 'b', 'c']
          .filter(() => random(5) > 0)
          .map((name) => ({ name, within: entries(random, state.nested[0]?.within ?? []) })),
        rest: random(2) === 0 ? state.rest : anything(random),
      };
      const patch = copyOf(difference(state, after)) as unknown as Operation[];
      const before = copyOf(shown);
      const next = applyPatch(shown, patch);
      assert.deepStrictEqual(next, copyOf(after), JSON.stringify(patch));
      assert.deepStrictEqual(shown, before, 'what was shown is left as it is');
      [state, shown] = [after, next];
    }
  }
});

test('what is undefined is not there, and what is no number is null, as in JSON', () => {
  const before = { a: undefined, b: 1, c: Number.NaN, list: [{ id: 1, x: undefined }] };
  const after = { a: 1, b: undefined, c: Number.NaN, list: [{ id: 1, x: 2 }] };
  for (const [one, other] of [
    [before, after],
    [after, before],
  ])
    assert.deepEqual(
      applyPatch(copyOf(one), copyOf(difference(one, other)) as unknown as Operation[]),
      copyOf(other),
    );
  assert.deepEqual(difference(before, { ...before }), []);
});

test('entries are found again by what they are called: one that comes or goes is one operation', () => {
  const list = ['a', 'b', 'c'].map((id) => ({ id, value: 1 }));
  assert.deepEqual(difference(list, list.slice(1)), [{ op: 'remove', path: '/0' }]);
  assert.deepEqual(difference(list, [{ id: 'x' }, ...list]), [{ op: 'add', path: '/0', value: { id: 'x' } }]);
  const flows = [
    { from: 'a', to: 'b', rate: 1 },
    { from: 'a', to: 'c', rate: 1 },
  ];
  assert.deepEqual(difference(flows, [{ ...flows[1]!, rate: 2 }]), [
    { op: 'remove', path: '/0' },
    { op: 'replace', path: '/0/rate', value: 2 },
  ]);
});

test('what no operation touches stays the same object', () => {
  const before = large(Date.UTC(2026, 0, 1));
  const services = before.services.map((one, index) =>
    index === 3 ? { ...one, requestsPerSecond: 1 } : { ...one },
  );
  const after = applyPatch(before, difference(before, { ...before, services }));
  assert.notEqual(after.services, before.services);
  assert.notEqual(after.services[3], before.services[3]);
  assert.equal(after.services[4], before.services[4]);
  assert.equal(after.swarm, before.swarm);
});

test('a state of 12 nodes with 400 instances each that lives on is told in a twentieth of its size', (t) => {
  const before = large(Date.UTC(2026, 0, 1));
  const after = structuredClone(before) as unknown as {
    services: { requestsPerSecond: number; p50Ms: number; p95Ms: number }[];
    swarm: { nodes: { seenAtMs: number; cpu: number; instances: { health: string }[] }[] };
  };
  for (const service of after.services) {
    service.requestsPerSecond /= 3;
    service.p50Ms /= 3;
    service.p95Ms /= 3;
  }
  for (const node of after.swarm.nodes) {
    node.seenAtMs += 1_000;
    node.cpu /= 3;
    for (const one of node.instances.slice(0, 5)) one.health = 'starting';
  }
  const whole = JSON.stringify(after).length;
  const change = JSON.stringify(difference(before, after)).length;
  t.diagnostic(`${change} bytes instead of ${whole}`);
  assert.ok(change < whole / 20, `${change} of ${whole}`);
});

test('a patch of another document is refused', () => {
  const document = { list: [{ id: 1 }], text: 'a' };
  for (const path of ['/nothing/x', '/list/1/id', '/list/x', '/list/-1', '/text/x', '/list/0/toString/x'])
    for (const op of ['add', 'replace', 'remove'] as const)
      assert.throws(
        () => applyPatch(document, [{ op, path, value: 1 } as Operation]),
        RangeError,
        `${op} ${path}`,
      );
  assert.throws(() => applyPatch(document, [{ op: 'replace', path: '/nothing', value: 1 }]), RangeError);
  assert.deepEqual(document, { list: [{ id: 1 }], text: 'a' });
});
