import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Cancellation, type GoblinError, type Priority, testTelemetry, virtualClock } from '@goblin/core';
import { type Admission, type AdmissionLimits, type Asked, createAdmission } from './admission.ts';
import { lateClock } from './testing/late-clock.ts';

interface Rig {
  readonly admission: Admission;
  readonly clock: ReturnType<typeof lateClock>;
  /** Names of those who began, and codes of those who did not, in order. */
  readonly events: string[];
  /** Asks for a call of this name. */
  ask(name: string, asked?: Partial<Asked>): void;
  leave(): void;
  counted(name: string): Record<string, number>;
}

function rig(limits: Partial<AdmissionLimits> = {}): Rig {
  const clock = lateClock();
  const { log, metrics } = testTelemetry();
  const admission = createAdmission({ clock, log, metrics, limits, random: () => 0.5 });
  const events: string[] = [];
  return {
    admission,
    clock,
    events,
    ask(name, asked = {}) {
      const whole: Asked = {
        priority: 'user',
        deadline: Number.POSITIVE_INFINITY,
        cancellation: new Cancellation(),
        ...asked,
      };
      const turn = admission.enter(whole, clock.now());
      if (!turn) events.push(name);
      else
        turn.then(
          () => events.push(name),
          (error: GoblinError) => events.push(`${name} ${error.code}`),
        );
    },
    leave: () => admission.leave(clock.now(), clock.now(), 'ok'),
    counted(name) {
      const metric = metrics.snapshot([name]).metrics[0];
      return Object.fromEntries(
        metric?.series.map(({ labels, value }) => [labels.join(' '), value ?? 0]) ?? [],
      );
    },
  };
}

const FULL = { minLimit: 2, initialLimit: 2, maxLimit: 2 };

test('while there is room calls begin at once, without a promise', () => {
  const { admission, ask, events } = rig();
  using _ = admission;
  ask('a');
  ask('b', { priority: 'batch' });
  ask('c', { priority: 'critical' });
  assert.deepEqual(events, ['a', 'b', 'c']);
  assert.deepEqual([admission.inFlight, admission.queued, admission.limit], [3, 0, 256]);
});

test('beyond the limit calls wait, the one who has waited longest begins first', async () => {
  const { admission, ask, leave, events, clock } = rig(FULL);
  using _ = admission;
  for (const name of ['a', 'b', 'c', 'd']) ask(name);
  assert.equal(admission.queued, 2);
  leave();
  await clock.advance(1);
  leave();
  await clock.advance(1);
  assert.deepEqual(events, ['a', 'b', 'c', 'd']);
  assert.deepEqual([admission.inFlight, admission.queued], [2, 0]);
});

test('who waits longer than 100 ms is refused as not begun, with when to come again', async () => {
  const { admission, clock, counted } = rig(FULL);
  using _ = admission;
  const asked = { priority: 'user' as const, deadline: 1e9, cancellation: new Cancellation() };
  admission.enter(asked, 0);
  admission.enter(asked, 0);
  const turn = admission.enter(asked, 0)!;
  const refused = assert.rejects(turn, {
    code: 'RESOURCE_EXHAUSTED',
    status: 429,
    data: { started: false, retryAfterMs: 1_000 },
  });
  await clock.advance(90);
  assert.equal(admission.queued, 1);
  await clock.advance(30);
  await refused;
  assert.equal(admission.queued, 0);
  assert.deepEqual(counted('admission_refused_total'), { 'user waited': 1 });
});

test('in a line that has not emptied for 100 ms nobody waits longer than 5 ms, and the last to come is next', async () => {
  const { admission, ask, leave, events, clock } = rig({ minLimit: 8, initialLimit: 8, maxLimit: 8 });
  using _ = admission;
  for (let i = 0; i < 8; i++) ask('a');
  for (let i = 0; i < 30; i++) {
    ask(`early ${i}`);
    await clock.advance(5);
  }
  events.length = 0;
  ask('older');
  await clock.advance(2);
  ask('newer');
  leave();
  await clock.advance(20);
  assert.deepEqual(events, ['newer', 'early 29 RESOURCE_EXHAUSTED', 'older RESOURCE_EXHAUSTED']);
});

test('the line is bounded, and who comes when it is full is refused at once', async () => {
  const { admission, ask, events, clock, counted } = rig({ ...FULL, maxQueued: 3 });
  using _ = admission;
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(name);
  await clock.advance(0);
  assert.deepEqual(events, ['a', 'b', 'f RESOURCE_EXHAUSTED']);
  assert.equal(admission.queued, 3);
  assert.deepEqual(counted('admission_refused_total'), { 'user queue_full': 1 });
});

test('critical passes the limit by a reserve; user goes before batch, which leaves a quarter of the limit', async () => {
  const { admission, ask, leave, events, clock } = rig({ minLimit: 4, initialLimit: 4, maxLimit: 4 });
  using _ = admission;
  for (const name of ['b1', 'b2', 'b3', 'b4']) ask(name, { priority: 'batch' });
  assert.deepEqual(events, ['b1', 'b2', 'b3']);
  ask('u1');
  ask('u2');
  ask('c1', { priority: 'critical' });
  assert.deepEqual(events, ['b1', 'b2', 'b3', 'u1', 'c1']);
  leave();
  leave();
  await clock.advance(1);
  assert.deepEqual(events.slice(5), ['u2']);
  leave();
  leave();
  await clock.advance(1);
  assert.deepEqual(events.slice(5), ['u2', 'b4']);
});

test('the reserve for critical calls is bounded too', async () => {
  const { admission, ask, events } = rig(FULL);
  using _ = admission;
  for (let i = 0; i < 100; i++) ask('c', { priority: 'critical' });
  assert.equal(events.length, 2 + 32);
  assert.equal(admission.queued, 100 - 34);
});

test('who has no time left, or runs out of it while waiting, is told so before any work began', async () => {
  const { admission, ask, leave, events, clock } = rig(FULL);
  using _ = admission;
  await clock.advance(50);
  ask('late', { deadline: 50 });
  ask('a');
  ask('b');
  ask('c', { deadline: 70 });
  await clock.advance(30);
  leave();
  await clock.advance(1);
  assert.deepEqual(events, ['a', 'b', 'late DEADLINE_EXCEEDED', 'c DEADLINE_EXCEEDED']);
  assert.deepEqual([admission.inFlight, admission.queued], [1, 0]);
});

test('who leaves while waiting makes room in the line at once', async () => {
  const { admission, ask, leave, events, clock, counted } = rig(FULL);
  using _ = admission;
  const cancellation = new Cancellation();
  ask('a');
  ask('b');
  ask('c', { cancellation });
  ask('d');
  cancellation.cancel(undefined);
  assert.equal(admission.queued, 1);
  leave();
  await clock.advance(1);
  assert.deepEqual(events, ['a', 'b', 'c CANCELED', 'd']);
  assert.deepEqual(counted('admission_refused_total'), { 'user canceled': 1 });
});

test('a loop that stays late begins a little work in each turn and refuses what is beyond, batch first', async () => {
  const { admission, clock, counted } = rig();
  using _ = admission;
  let begun = 0;
  let refused = 0;
  let workedMs = 0;
  const turn = async (calls: number, workMs: number, priority: Priority = 'user'): Promise<void> => {
    for (let i = 0; i < calls; i++) {
      const asked = { priority, deadline: 1e9, cancellation: new Cancellation() };
      const answer = admission.tryEnter(asked, clock.now());
      if (answer) refused++;
      else {
        begun++;
        workedMs += workMs;
        clock.block(workMs);
        admission.leave(clock.now(), clock.now(), 'ok');
      }
    }
    await clock.advance(0.1);
  };
  for (let i = 0; i < 10; i++) await turn(400, 1);
  begun = refused = workedMs = 0;
  const from = clock.now();
  for (let i = 0; i < 100; i++) await turn(350, 1);
  assert.ok(refused > 0.85 * 100 * 350, `${refused} were refused`);
  assert.ok(workedMs / (clock.now() - from) > 0.9, 'the loop works');
  assert.ok(begun / 100 <= 36, `${begun / 100} ms of work per turn`);
  assert.ok(counted('admission_refused_total')['user loop_late']! > 0);
  begun = 0;
  await turn(10, 1, 'batch');
  assert.equal(begun, 0);
  await turn(10, 1, 'critical');
  assert.equal(begun, 10);
});

test('a stall does not refuse those who came meanwhile', async () => {
  const { admission, ask, events, clock } = rig();
  using _ = admission;
  for (let i = 0; i < 5; i++) {
    ask('a');
    await clock.advance(10);
    clock.block(400);
    for (let j = 0; j < 80; j++) {
      ask('a');
      clock.block(1);
    }
    await clock.advance(200);
  }
  assert.equal(events.filter((event) => event !== 'a').length, 0);
});

test('it looks after itself only while calls come in', async () => {
  const clock = virtualClock();
  let timers = 0;
  const counting = {
    ...clock,
    every(periodMs: number, run: () => void) {
      timers++;
      const timer = clock.every(periodMs, run);
      return {
        cancel: () => {
          timers--;
          timer.cancel();
        },
      };
    },
  };
  const { log, metrics } = testTelemetry();
  using admission = createAdmission({ clock: counting, log, metrics });
  assert.equal(timers, 0);
  admission.enter({ priority: 'user', deadline: 1e9, cancellation: new Cancellation() }, 0);
  assert.equal(timers, 1);
  await clock.advance(2_000);
  assert.equal(timers, 0);
});

test('docs/reference/metrics.md has a line for each of its metrics, as it is', async () => {
  const { log, metrics } = testTelemetry();
  using _ = createAdmission({ clock: virtualClock(), log, metrics });
  const page = await readFile(new URL('../../../../docs/reference/metrics.md', import.meta.url), 'utf8');
  const lines = page.split('\n');
  const declared = metrics.instruments().filter(({ name }) => name.startsWith('admission_'));
  assert.equal(declared.length, 5);
  for (const { name, kind, unit, labels, help } of declared) {
    const cells = [`\`${name}\``, kind, unit, labels.map((label) => `\`${label}\``).join(', '), help];
    const line = `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
