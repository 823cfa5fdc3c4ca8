import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError } from './errors.ts';
import { type Module, type ModuleContext, module } from './module.ts';
import { createRuntime } from './runtime.ts';

const base = {} as Omit<ModuleContext, 'use'>;

/** A module that writes down when it starts and stops. */
function traced(name: string, diary: string[], needs: readonly Module[] = []): Module {
  return module({
    name,
    async start({ use }) {
      await Promise.all(needs.map((need) => use(need)));
      diary.push(`start ${name}`);
      return name;
    },
    async stop() {
      await new Promise((resolve) => setImmediate(resolve));
      diary.push(`stop ${name}`);
    },
  });
}

test('modules start after what they need and stop before it', async () => {
  const diary: string[] = [];
  const database = traced('database', diary);
  const cache = traced('cache', diary, [database]);
  const shop = traced('shop', diary, [cache, database]);
  const runtime = createRuntime(base);
  assert.equal(await runtime.use(shop), 'shop');
  await runtime.stop();
  assert.deepEqual(diary, [
    'start database',
    'start cache',
    'start shop',
    'stop shop',
    'stop cache',
    'stop database',
  ]);
});

test('a module that several need starts once', async () => {
  const diary: string[] = [];
  const database = traced('database', diary);
  await using runtime = createRuntime(base);
  await Promise.all([
    runtime.use(traced('a', diary, [database])),
    runtime.use(traced('b', diary, [database])),
  ]);
  assert.equal(diary.filter((line) => line === 'start database').length, 1);
});

test('modules that do not need each other start side by side', async () => {
  await using runtime = createRuntime(base);
  const meeting = Promise.withResolvers<void>();
  const first = module({ name: 'first', start: () => meeting.promise });
  const second = module({ name: 'second', start: () => meeting.resolve() });
  await Promise.all([runtime.use(first), runtime.use(second)]);
});

test('a failed start names the chain of modules and the cause, and what had started is stopped', async () => {
  const diary: string[] = [];
  const fine = traced('fine', diary);
  const broken = module({
    name: 'database',
    start() {
      throw new Error('disk full');
    },
  });
  const shop = module({
    name: 'shop',
    async start({ use }) {
      await use(fine);
      await use(broken);
    },
  });
  const runtime = createRuntime(base);
  await assert.rejects(runtime.use(shop), (error) => {
    assert.ok(isGoblinError(error, 'MODULE_FAILED'));
    assert.equal(error.message, 'shop → database could not start: disk full');
    return true;
  });
  await runtime.stop();
  assert.deepEqual(diary, ['start fine', 'stop fine']);
});

test('modules that need each other in a circle are refused by name rather than waiting for ever', async () => {
  const a: Module = module({ name: 'a', start: ({ use }) => use(b) });
  const b: Module = module({ name: 'b', start: ({ use }) => use(a) });
  await using runtime = createRuntime(base);
  await assert.rejects(runtime.use(a), /modules need each other in a circle: a → b → a/);
});

test('every module gets its turn to stop even when one fails to', async () => {
  const diary: string[] = [];
  const stuck = module({
    name: 'stuck',
    start: () => 1,
    stop() {
      throw new Error('no');
    },
  });
  const runtime = createRuntime(base);
  await runtime.use(stuck);
  await runtime.use(traced('fine', diary));
  await assert.rejects(runtime.stop(), /1 of 2 modules failed to stop/);
  assert.deepEqual(diary, ['start fine', 'stop fine']);
});

test('health asks each module; one without a check is healthy, one that throws is not', async () => {
  await using runtime = createRuntime(base);
  await runtime.use(module({ name: 'plain', start: () => 1 }));
  await runtime.use(
    module({
      name: 'broken',
      start: () => 1,
      health() {
        throw new Error('lost');
      },
    }),
  );
  assert.deepEqual(await runtime.health(), { plain: { ok: true }, broken: { ok: false, detail: 'lost' } });
});
