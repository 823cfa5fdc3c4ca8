/** The books of a small world that balances, and what they say when each promise in turn is broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finished, noted, placed } from '../work/definitions.ts';
import { balance } from './balance.ts';
import type { Effect, Evidence, TaskChange } from './evidence.ts';
import { historyOf, report } from './history.ts';

const AT = new Date('2026-11-21T05:00:00Z');
const WORKER = 'host/7/aa';
const SLOTS = [0, 1, 2].map((second) => `2026-11-21T05:00:0${second}.000Z`);

/** Everything that happened to a task with one claim, and its effect. */
function done(task: number, kind: string, name: string, detail: Effect['detail'] = {}) {
  const key = kind === 'chaos.schedule.beat' ? `beat@${name}` : name;
  const shared = { task, kind, key, waitsFor: null, at: AT, wasDue: null, dueAfter: null };
  const before = { workerBefore: null, fenceBefore: 0, wasDue: true };
  const held = { workerBefore: WORKER, fenceBefore: 1, wasDue: false };
  const born = { workerBefore: null, fenceBefore: null };
  const changes: TaskChange[] = [
    { ...shared, ...born, seq: 1, change: 'INSERT', workerAfter: null, fenceAfter: 0, xid: `${task}0` },
    { ...shared, ...before, seq: 2, change: 'UPDATE', workerAfter: WORKER, fenceAfter: 1, xid: `${task}1` },
    { ...shared, ...held, seq: 3, change: 'UPDATE', workerAfter: WORKER, fenceAfter: 1, xid: `${task}2` },
    { ...shared, ...held, seq: 4, change: 'DELETE', workerAfter: null, fenceAfter: null, xid: `${task}3` },
  ];
  const short = kind.split('.').at(-1)!;
  const effect: Effect = { kind: short, name, task, fence: 1, pid: 7, xid: `${task}3`, at: AT, detail };
  return { changes, effect };
}

const OUTPUT = { receipt: 'receipt 2', by: 'event 1', doubles: [0, 2, 4] };

function balanced(): Evidence {
  const tasks = [
    done(1, 'chaos.single', 'single 1'),
    done(2, 'chaos.charge', 'charge 2', { receipt: 'receipt 1' }),
    done(3, 'chaos.order', 'order 3', { ...OUTPUT, tokens: { reserve: 'r', charge: 'c' } }),
    ...[0, 1, 2].map((number) => done(4 + number, 'chaos.part', `order 3/part ${number}`)),
    done(7, 'chaos.echo', 'noted 4'),
    ...SLOTS.map((slot, number) => done(8 + number, 'chaos.schedule.beat', slot)),
  ];
  const steps = ['r', 'c'].map((token) => ({
    task: 3,
    step: token === 'r' ? 'reserve' : 'charge',
    token,
    pid: 7,
    at: AT,
  }));
  const charged = { charges: 1, strangers: 0, requests: [{ at: AT.toISOString(), manner: 'late' as const }] };
  const mail = (kind: string, key: string, policy = 'never-twice') =>
    ({
      kind,
      key,
      policy,
      state: 'sent',
      messageId: `<${key}>`,
      attempts: [],
    }) as unknown as Evidence['mails'][0];
  const event = (id: number, type: string, name: string) => ({ id, type, name, place: id });
  const heard = (group: string, id: number, name: string) => ({ group, event: id, name, pid: 7, at: AT });
  return {
    asked: {
      single: new Set(['single 1']),
      laned: new Set(),
      charge: new Set(['charge 2']),
      order: new Set(['order 3']),
      letter: new Set(['letter 5', 'letter 8']),
      noted: new Set(['noted 4']),
    },
    effects: tasks.map(({ effect }) => effect),
    changes: tasks.flatMap(({ changes }) => changes),
    stepRuns: steps,
    stepsSeen: [...steps, ...steps],
    results: new Map([['order 3', OUTPUT]]),
    charges: [
      { key: 'charge 2', receipt: 'receipt 1', ...charged },
      { key: 'order 3/charge', receipt: 'receipt 2', ...charged },
    ],
    mails: [
      mail('chaos.letter', 'letter 5'),
      mail('chaos.letter', 'letter 8', 'at-least-once'),
      mail('chaos.receipt', 'order 3'),
    ],
    taken: ['<letter 5>', '<letter 8>', '<letter 8>', '<order 3>'].map((messageId) => ({
      messageId,
      server: 'route0',
    })),
    stuck: undefined,
    mailsBefore: { listed: [], unknown: 0, calledSent: [] },
    published: [
      event(1, placed.type, 'order 3'),
      event(2, noted.type, 'noted 4'),
      event(3, finished.type, 'single 1'),
    ],
    heard: [
      heard('approver', 1, 'order 3'),
      heard('echoes', 2, 'noted 4'),
      heard('ledger', 2, 'noted 4'),
      heard('ledger', 3, 'single 1'),
    ],
    branch: {
      published: [
        { ...event(21, noted.type, 'noted 4'), place: 1 },
        { ...event(22, finished.type, 'single 1'), place: 2 },
      ],
      heard: [heard('branch', 21, 'noted 4'), heard('branch', 22, 'single 1')],
    },
    leftTasks: [],
    leftSteps: 0,
    blows: [{ at: AT.toISOString(), who: 'worker 7', what: 'killed' }],
  };
}

test('when everything was kept the books balance', () => {
  assert.deepEqual(balance(balanced()), []);
});

/** Changes one list. */
function changed<K extends keyof Evidence>(
  name: K,
  change: (value: Evidence[K]) => Evidence[K],
): (evidence: Evidence) => Evidence {
  return (evidence) => ({ ...evidence, [name]: change(evidence[name]) });
}

/** Changes one entry of the log. */
function logged(task: number, seq: number, change: Partial<TaskChange>): (evidence: Evidence) => Evidence {
  return changed('changes', (all) =>
    all.map((one) => (one.task === task && one.seq === seq ? { ...one, ...change } : one)),
  );
}

const without =
  <M>(matches: (one: M) => boolean) =>
  <T extends M>(all: readonly T[]): T[] =>
    all.filter((one) => !matches(one));
const doubled =
  <M>(matches: (one: M) => boolean) =>
  <T extends M>(all: readonly T[]): T[] =>
    all.flatMap((one) => (matches(one) ? [one, one] : [one]));
const named =
  (wanted: string) =>
  ({ name }: { name: string }): boolean =>
    name === wanted;

const DAMAGES: readonly (readonly [string, (evidence: Evidence) => Evidence, RegExp])[] = [
  ['a lost task', changed('effects', without(named('single 1'))), /no task is lost/],
  [
    'a dead task',
    changed('leftTasks', () => [{ kind: 'chaos.single', key: 'single 1', dead: true }]),
    /no task is lost/,
  ],
  ['an effect that is there twice', changed('effects', doubled(named('single 1'))), /no effect .* twice/],
  [
    'an effect of what was rolled back',
    changed('effects', (all) => [...all, { ...all[0]!, name: 'ghost 9' }]),
    /rolled back/,
  ],
  [
    'an HTTP effect that is missing',
    changed('charges', (all) => all.map((one) => ({ ...one, charges: 0 }))),
    /exactly once per idempotency key/,
  ],
  [
    'a key that another request had',
    changed('charges', (all) => all.map((one) => ({ ...one, strangers: 1 }))),
    /exactly once per idempotency key/,
  ],
  [
    'an effect at the HTTP server that nobody asked for',
    changed('charges', (all) => [...all, { ...all[0]!, key: 'ghost 9' }]),
    /exactly once per idempotency key/,
  ],
  [
    'a run that was told another result',
    changed('stepsSeen', (all) => [...all, { ...all[0]!, token: 'x' }]),
    /a step has one result/,
  ],
  ['a result without a run', changed('stepRuns', () => []), /a step has one result/],
  [
    'another result of a workflow',
    changed('results', () => new Map([['order 3', 'pending']])),
    /a workflow ends with what/,
  ],
  ['a mail that is gone', changed('mails', (all) => all.slice(1)), /no mail is lost/],
  ['a mail that no server has', changed('taken', (all) => all.slice(1)), /no mail is lost/],
  [
    'a never-twice mail that was taken twice',
    changed(
      'taken',
      doubled(({ messageId }: { messageId: string }) => messageId === '<letter 5>'),
    ),
    /never-twice no mail is sent twice/,
  ],
  [
    'an unknown mail that is not listed',
    changed('mailsBefore', (before) => ({ ...before, unknown: 1 })),
    /is listed as unknown/,
  ],
  [
    'a mail that is called sent and is not',
    changed('mailsBefore', (before) => ({ ...before, calledSent: ['letter 5'] })),
    /is listed as unknown/,
  ],
  [
    'a slot that is left out',
    changed(
      'changes',
      without(({ key }: { key: string | null }) => key === `beat@${SLOTS[1]}`),
    ),
    /each slot .* exactly once/,
  ],
  ['a slot that was not run', changed('effects', without(named(SLOTS[1]!))), /each slot .* exactly once/],
  ['a slot that was run twice', changed('effects', doubled(named(SLOTS[1]!))), /each slot .* exactly once/],
  [
    'an event that was not told',
    changed('published', without(named('noted 4'))),
    /an event is told if its transaction was kept/,
  ],
  ['an event that a group skipped', changed('heard', (all) => all.slice(1)), /no group skips an event/],
  [
    'an event that a group heard twice',
    changed('heard', doubled(named('noted 4'))),
    /no event has its effect twice/,
  ],
  [
    'an order that a group did not keep',
    (evidence) => {
      const more = { id: 0, type: noted.type, name: 'noted 9', place: 0 };
      return {
        ...evidence,
        published: [...evidence.published, more],
        heard: [...evidence.heard, { ...evidence.heard[1]!, event: 0, name: 'noted 9' }],
      };
    },
    /in the order of their transactions/,
  ],
  [
    'an event that was lost on its way to another site',
    changed('branch', (branch) => ({ ...branch!, published: branch!.published.slice(1) })),
    /no event is lost on its way/,
  ],
  [
    'an event that arrived twice at another site',
    changed('branch', (branch) => ({ ...branch!, published: doubled(named('noted 4'))(branch!.published) })),
    /no event arrives twice/,
  ],
  [
    'an event that another site heard twice',
    changed('branch', (branch) => ({ ...branch!, heard: doubled(named('noted 4'))(branch!.heard) })),
    /no event has its effect twice at another site/,
  ],
  [
    'another order at another site',
    (evidence) => {
      const more = { id: 0, type: noted.type, name: 'noted 9', place: 0 };
      const branch = evidence.branch!;
      return {
        ...evidence,
        published: [...evidence.published, more],
        branch: { ...branch, published: [...branch.published, { ...more, id: 23, place: 3 }] },
      };
    },
    /in the order in which they were told/,
  ],
  ['a claim while another one holds it', logged(1, 2, { wasDue: false }), /nobody claims a task while/],
  ['a claim with a fence left out', logged(1, 2, { fenceAfter: 2 }), /each claim has the next fence/],
  [
    'a change of hands without a claim',
    logged(1, 3, { workerAfter: 'host/8/bb' }),
    /nobody claims a task while/,
  ],
  ['an end while nobody held it', logged(1, 3, { workerAfter: null }), /each claim has the next fence/],
  ['a life after the end', logged(1, 3, { change: 'DELETE' }), /a task ends once/],
  [
    'an effect outside of the end of its task',
    changed('effects', (all) => all.map((one) => ({ ...one, xid: '5' }))),
    /committed with the end/,
  ],
  [
    'an effect of another holder',
    changed('effects', (all) => all.map((one) => ({ ...one, pid: 8 }))),
    /committed with the end/,
  ],
  [
    'an effect under an old fence',
    changed('effects', (all) => all.map((one) => ({ ...one, fence: 0 }))),
    /committed with the end/,
  ],
  ['work that never ends', changed('stuck', () => 'it waits'), /what nobody kills comes to its end/],
  ['memory that is left', changed('leftSteps', () => 1), /what a task remembers ends with it/],
];

for (const [what, damage, promise] of DAMAGES) {
  test(`the books find ${what}`, () => {
    const promises = balance(damage(balanced())).map((breach) => breach.promise);
    assert.ok(
      promises.some((one) => promise.test(one)),
      `${promise} is not among ${JSON.stringify(promises)}`,
    );
  });
}

test('what is told of a breach says which promise it was, and what happened to the item, kills included', () => {
  const evidence = changed('effects', doubled(named('single 1')))(balanced());
  const text = report(balance(evidence), evidence);
  assert.match(
    text,
    /^BROKEN 1 times: no effect in the database is there twice\n {2}single single 1: it is there more/,
  );
  assert.match(text, /History of single single 1/);
  const history = historyOf('single single 1', evidence).join('\n');
  assert.match(history, /task 1 INSERT fence 0/);
  assert.match(history, /effect of single under fence 1 by worker 7/);
  assert.match(history, /worker 7 killed/);
  assert.doesNotMatch(history, /task 2/);
});
