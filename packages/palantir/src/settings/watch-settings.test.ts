import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type VirtualClock, virtualClock } from '@goblin/core';
import type { Change } from '../changes/change.ts';
import { openState } from '../state/state-database.ts';
import { type LastGood, lastGoodSettings } from './last-good.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';
import { type SettingsFolder, settingsFolder } from './testing/settings-folder.ts';
import { PERIOD_MS, type SettingsWatch, watchSettings } from './watch-settings.ts';

const RULE = 'rules: [{ name: x, expression: up == 0 }]';

const NOTIFIER = 'notifiers: [{ name: pager, kind: pagerduty, keyFile: /run/secrets/key }]';

function names({ watch }: Watched): string[] {
  return watch.settings.rules.map(({ name }) => name);
}

interface Watched extends Disposable {
  readonly clock: VirtualClock;
  readonly watch: SettingsWatch;
  readonly taken: { settings: Settings; change: Omit<Change, 'id'> }[];
  readonly told: (readonly Problem[])[];
  /** Looks until it is so. */
  until(isSo: () => boolean): Promise<void>;
}

async function watched(
  folder: SettingsFolder,
  use = (_: Settings): void => {},
  lastGood = remembering(),
): Promise<Watched> {
  const clock = virtualClock();
  let newest: Settings | undefined;
  const taken: { settings: Settings; change: Omit<Change, 'id'> }[] = [];
  const told: (readonly Problem[])[] = [];
  const watch = await watchSettings(folder.path, {
    clock,
    defaults: [],
    variables: {},
    lastGood,
    use(settings) {
      use(settings);
      newest = settings;
    },
    onChange: (change) => taken.push({ settings: newest!, change }),
    onProblems: (problems) => told.push(problems),
  });
  return {
    clock,
    watch,
    taken,
    told,
    async until(isSo) {
      while (!isSo()) await clock.advance(PERIOD_MS);
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

/** In memory. */
function remembering(): LastGood {
  let saved: ReturnType<LastGood['load']>;
  return {
    load: () => saved,
    save: (texts, savedMs) => {
      saved = { texts, savedMs };
    },
  };
}

test('a change is taken over, with a line for the change log', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  using w = await watched(folder);
  assert.deepEqual(names(w), ['x']);
  folder.write('a.yaml', `${RULE.replace('up', 'down')}\nservices: { tax: { owner: me } }`);
  folder.write('b.yaml', 'rules: [{ name: y, expression: up == 1 }]');
  await w.until(() => w.taken.length === 1);
  assert.equal(w.taken[0]!.change.title, 'rule added: y; rule changed: x; service added: tax');
  assert.equal(w.taken[0]!.change.kind, 'rules');
  assert.equal(w.watch.settings, w.taken[0]!.settings);
  folder.remove('b.yaml');
  await w.until(() => w.taken.length === 2);
  assert.equal(w.taken[1]!.change.title, 'rule removed: y');
  assert.deepEqual(w.told, []);
});

test('what is wrong is told once and changes nothing, and it is told when all is well again', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  using w = await watched(folder);
  const before = w.watch.settings;
  folder.write('a.yaml', 'rules: [{ name: x, expression: up == }]');
  await w.until(() => w.told.length === 1);
  assert.deepEqual(
    w.told[0]!.map(({ path }) => path),
    ['rules[0].expression'],
  );
  // The same again, and then another: the same is not told twice.
  folder.write('a.yaml', 'rules: [{ name: x, expression: up == }]');
  await w.clock.advance(PERIOD_MS);
  folder.write('a.yaml', 'rules: [{ name: x }]');
  await w.until(() => w.told.length === 2);
  assert.match(w.told[1]![0]!.message, /write one of expression/);
  assert.equal(w.watch.settings, before);
  assert.equal(w.watch.problems.length, 1);
  folder.write('a.yaml', RULE);
  await w.until(() => w.told.length === 3);
  assert.deepEqual(w.told[2], []);
  assert.deepEqual(w.taken, []);
});

test('a file that was only touched or moved about is no change', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  using w = await watched(folder);
  folder.write('a.yaml', `# a comment\n\n${RULE}`);
  writeFileSync(join(folder.path, 'new'), RULE);
  renameSync(join(folder.path, 'new'), join(folder.path, 'b.yaml'));
  folder.remove('a.yaml');
  for (let i = 0; i < 10; i++) await w.clock.advance(PERIOD_MS);
  folder.write('c.yaml', 'services: { tax: {} }');
  await w.until(() => w.taken.length > 0);
  assert.deepEqual(
    w.taken.map(({ change }) => change.title),
    ['service added: tax'],
  );
  assert.deepEqual(w.told, []);
});

test('a file that changes between two looks is waited for', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  using w = await watched(folder);
  for (let i = 0; i < 20; i++) {
    folder.write('a.yaml', `${RULE.slice(0, 12)}${' '.repeat(i)}`);
    await w.clock.advance(PERIOD_MS);
  }
  folder.write('a.yaml', `${RULE}\nservices: { tax: {} }`);
  await w.until(() => w.taken.length > 0);
  assert.deepEqual(w.told, []);
});

test('a first start with a mistake uses what is sound', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE, 'b.yaml': 'rules: [{ name: y }]' });
  using w = await watched(folder);
  assert.deepEqual(names(w), ['x']);
  assert.equal(w.watch.problems.length, 1);
  assert.equal(w.watch.inUse, 'sound');
});

test('a restart with a mistake goes on with what was good last, and says what is wrong', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE, 'people.yaml': NOTIFIER, 'stack.yml': '' });
  using state = openState(join(folder.path, 'state'));
  {
    using w = await watched(folder, undefined, lastGoodSettings(state));
    assert.equal(w.watch.inUse, 'newest');
    // One that was taken over while it ran is remembered too, with what lies beside it.
    folder.write('a.yaml', `${RULE.replace('x', 'y')}\nstacks: [down/stack.yaml]`);
    folder.write('down/stack.yaml', 'services: { web: { image: web } }');
    await w.until(() => w.taken.length === 1);
  }
  folder.write('people.yaml', `${NOTIFIER}\nroutes: [{ severity: page, to: [nobody] }]`);
  folder.write('a.yaml', RULE);
  folder.remove('down/stack.yaml');
  for (const _ of ['after one restart', 'after another']) {
    using w = await watched(folder, undefined, lastGoodSettings(state));
    assert.equal(w.watch.inUse, 'last good');
    assert.deepEqual(names(w), ['y']);
    assert.equal(w.watch.settings.notify.notifiers?.[0]?.name, 'pager');
    assert.equal(w.watch.settings.stacks[0]?.services.length, 1);
    assert.match(w.watch.problems[0]!.message, /"nobody" is not known here/);
    assert.deepEqual(w.taken, []);
  }
  using w = await watched(folder, undefined, lastGoodSettings(state));
  folder.write('people.yaml', NOTIFIER);
  await w.until(() => w.taken.length === 1);
  assert.equal(w.watch.inUse, 'newest');
  assert.match(w.taken[0]!.change.title, /^rule added: x; rule removed: y; stack removed: /);
  assert.deepEqual(w.told, [[]]);
});

test('what was changed while nobody looked is told to the change log at the next start', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  const lastGood = remembering();
  (await watched(folder, undefined, lastGood))[Symbol.dispose]();
  folder.write('a.yaml', RULE.replace('up', 'down'));
  {
    using w = await watched(folder, undefined, lastGood);
    assert.deepEqual(
      w.taken.map(({ change }) => change.title),
      ['rule changed: x'],
    );
  }
  using w = await watched(folder, undefined, lastGood);
  assert.deepEqual(w.taken, []);
});

test('settings that cannot be used at a restart are told, and those that were good last are used', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  const lastGood = remembering();
  (await watched(folder, undefined, lastGood))[Symbol.dispose]();
  folder.write('a.yaml', RULE.replace('x', 'z'));
  const used: string[] = [];
  using w = await watched(
    folder,
    ({ rules: [rule] }) => {
      if (rule?.name === 'z') throw new Error('no room');
      used.push(rule!.name);
    },
    lastGood,
  );
  assert.deepEqual([used, names(w), w.watch.inUse], [['x'], ['x'], 'last good']);
  assert.match(w.watch.problems[0]!.message, /they cannot be used: no room/);
});

test('a folder that comes later, a stack that changes, and a folder that goes are followed', async () => {
  using root = settingsFolder();
  const folder = { ...root, path: join(root.path, 'palantir') };
  using w = await watched(folder);
  root.write('stack.yaml', 'services: { web: { image: web } }');
  root.write('palantir/a.yaml', 'stacks: [../stack.yaml]');
  await w.until(() => w.taken.length === 1);
  assert.equal(w.watch.settings.stacks[0]!.services.length, 1);
  root.write('stack.yaml', 'services: { web: { image: web }, db: { image: db } }');
  await w.until(() => w.taken.length === 2);
  assert.match(w.taken[1]!.change.title, /^stack changed: .*stack\.yaml$/);
  root.remove('palantir/a.yaml');
  await w.until(() => w.taken.length === 3);
  assert.deepEqual(w.watch.settings.stacks, []);
});

test('settings that cannot be used are told, and those before stay', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  let isFull = false;
  using w = await watched(folder, () => {
    if (isFull) throw new Error('no room');
  });
  isFull = true;
  const before = w.watch.settings;
  folder.write('a.yaml', 'rules: []');
  await w.until(() => w.told.length === 1);
  assert.match(w.told[0]![0]!.message, /they cannot be used: no room/);
  assert.equal(w.watch.settings, before);
});

test('nothing is looked at any more when it is disposed of', async () => {
  using folder = settingsFolder({ 'a.yaml': RULE });
  const w = await watched(folder);
  w.watch[Symbol.dispose]();
  folder.write('a.yaml', 'rules: [');
  await w.clock.advance(10 * PERIOD_MS);
  assert.deepEqual([w.taken, w.told], [[], []]);
});
