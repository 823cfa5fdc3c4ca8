import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { BIN, type CliProject, cliProject, environment, type Up, until } from './testing/cli-project.ts';

const CONTRACT = `import { contract } from 'goblin';
import { z } from 'zod';
export const shop = contract('shop.v1', {
  order: { input: z.object({ id: z.string() }), output: z.object({}) },
});
`;

/** Orders for "bad" die; those for "slow" stand at 40 % and wait; the others are done. */
const SERVICE = `import { event, postgres, schedule, serve, subscribe, task, work } from 'goblin';
import { z } from 'zod';
import { shop } from './contract.ts';
const Order = z.object({ id: z.string() });
const ordered = event('shop.ordered.v1', Order);
const pack = task('shop.pack', { input: Order, retry: { attempts: 1 } });
export default serve(shop, async (app) => {
  const db = await app.use(postgres());
  app.background('pack', work(db, pack, async (job) => {
    if (job.input.id.startsWith('bad')) throw new Error('it does not fit');
    await job.step('wrapped', () => ({ paper: 'blue' }));
    job.progress(0.4, 'wrapping');
    if (job.input.id === 'slow') await job.waitFor('paper');
  }));
  app.background('nightly', schedule(db, { name: 'nightly', cron: '0 30 3 * * *', zone: 'Europe/Berlin' }, async () => {}));
  app.background('receipts', subscribe(db, ordered, { group: 'receipts' }, async () => {}));
  app.background('labels', subscribe(db, ordered, { group: 'labels', attempts: 1 }, async ({ payload }) => {
    if (payload.id === 'bad') throw new Error('no label for it');
  }));
  return {
    order: (input) => db.transaction(async (tx) => {
      await pack.enqueue(tx, { key: input.id, input });
      await ordered.publish(tx, input);
      return {};
    }),
  };
});
`;

let project: CliProject;
let up: Up;
before(async () => {
  project = cliProject(`    shop: './services/shop',\n`);
  project.write('services/shop/contract.ts', CONTRACT);
  project.write('services/shop/service.ts', SERVICE);
  up = await project.up();
  for (const id of ['bad', 'slow']) await order(id);
  await until('one is dead and one waits', async () => {
    const [pack] = await json('tasks', '--kind', 'shop.pack');
    return pack?.dead === 1 && pack.waiting === 1;
  });
});
after(async () => {
  await up.stop();
  project[Symbol.dispose]();
});

async function order(id: string): Promise<void> {
  const { code, stderr } = await project.goblin('call', 'shop', 'order', JSON.stringify({ id }));
  assert.equal(code, 0, stderr);
}

// biome-ignore lint/suspicious/noExplicitAny: what commands print
async function json(...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await project.goblin(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** A command that goes on, and the next line of JSON that it prints. */
function follow(...args: string[]) {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: project.folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async (): Promise<unknown> => JSON.parse(String((await lines.next()).value)) };
}

/** All groups have handled all events. */
async function nobodyLags(): Promise<void> {
  const groups = () => json('events', 'ls', 'shop.ordered.v1');
  await until('all are handled', async () => (await groups()).every(({ lag }: { lag: number }) => lag === 0));
}

test('tasks shows the queues of all services', async () => {
  await order('good');
  const stdout = await until('a task is done', async () => {
    const { stdout: table } = await project.goblin('tasks');
    return /\nshop\.pack\s.*\s1\n/.test(table) && table;
  });
  assert.match(stdout, /^KIND\s+SERVICE\s+READY\s+RUNNING\s+DELAYED\s+WAITING\s+DEAD\s+OLDEST\s+DONE\/MIN\n/);
  assert.match(stdout, /\nshop\.pack\s+shop\s+0\s+0\s+0\s+1\s+1\s+-\s+1\n/);
});

test('tasks ls filters, and show tells what a task remembers and why it failed', async () => {
  const [dead, ...others] = await json('tasks', 'ls', '--state', 'dead');
  assert.deepEqual([dead.key, dead.error.message, others.length], ['bad', 'it does not fit', 0]);
  assert.match(
    (await project.goblin('tasks', 'ls', '--key', 'slow')).stdout,
    /slow\s+waiting.*for signal paper/,
  );
  assert.match(
    (await project.goblin('tasks', 'show', String(dead.id))).stdout,
    /error\s+\w+: it does not fit/,
  );
  const [slow] = await json('tasks', 'ls', '--key', 'slow');
  const { steps } = await json('tasks', 'show', String(slow.id));
  assert.deepEqual(steps, [{ name: 'step wrapped', result: { paper: 'blue' } }]);
  const gone = await project.goblin('tasks', 'show', '999999');
  assert.deepEqual([gone.code, /no task 999999/.test(gone.stderr)], [1, true]);
});

test('tasks retry takes dead ones, cancel any, and both say how many', async () => {
  assert.equal((await project.goblin('tasks', 'retry')).code, 2);
  assert.equal((await project.goblin('tasks', 'retry', '--code', 'NO_PEER')).code, 1);
  assert.equal(
    (await project.goblin('tasks', 'retry', '--kind', 'shop.pack')).stdout,
    '1 task will be tried again\n',
  );
  await until('it is dead again', async () => (await json('tasks', '--kind', 'shop.pack'))[0]?.dead === 1);
  const [dead] = await json('tasks', 'ls', '--state', 'dead');
  assert.equal((await project.goblin('tasks', 'cancel', String(dead.id))).stdout, '1 task canceled\n');
  assert.deepEqual(await json('tasks', 'ls', '--state', 'dead'), []);
});

test('schedule shows the next times, and runs, pauses and resumes by name', async () => {
  const [nightly] = await json('schedule', 'ls', '--next', '2');
  assert.deepEqual([nightly.service, nightly.name, nightly.state], ['shop', 'nightly', 'active']);
  assert.equal(nightly.next.length, 2);
  const inBerlin = new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin', timeStyle: 'short' });
  for (const slot of nightly.next) assert.equal(inBerlin.format(new Date(slot)), '03:30');
  const { stdout } = await project.goblin('schedule', 'ls');
  assert.match(
    stdout,
    /shop\/nightly\s+0 30 3 \* \* \* Europe\/Berlin\s+active\s+-\s+\d{4}-.*03:30:00 (CET|CEST|GMT\+\d)/,
  );
  assert.equal((await project.goblin('schedule', 'run', 'nightly')).stdout, 'shop/nightly will be run now\n');
  await until('it was run', async () => {
    const counts = await json('tasks', '--kind', 'shop.schedule.nightly');
    return counts[0]?.finishedLastMinute === 1;
  });
  assert.equal(
    (await project.goblin('schedule', 'pause', 'shop/nightly')).stdout,
    'shop/nightly is paused\n',
  );
  assert.deepEqual(
    [(await json('schedule', 'ls'))[0].state, (await json('schedule', 'ls'))[0].next],
    ['paused', []],
  );
  assert.match(
    (await project.goblin('schedule', 'resume', 'nightly')).stdout,
    /^shop\/nightly goes on, next at \d/,
  );
  assert.match((await project.goblin('schedule', 'run', 'nightle')).stderr, /did you mean nightly\?/);
});

test('tasks tail tells what happens to tasks, until Ctrl-C', async () => {
  const { child, next } = follow('tasks', 'tail', '--kind', 'shop.pack', '--json');
  const exited = once(child, 'exit');
  try {
    // What is there already is not news, so orders are made until one is.
    type Line = { kind: string; key: string; change: string };
    const news = async (): Promise<Line> => {
      // It may come to hear of a task when that has changed already.
      for (;;) {
        const line = (await next()) as Line;
        if (line.change === 'new') return line;
      }
    };
    const line = news();
    const isTold = line.then(() => true);
    for (let n = 1; !(await Promise.race([isTold, order(`bad ${n}`).then(() => false)])); n++)
      assert.ok(n < 200, 'an order that dies was not told');
    const { kind, key, change } = await line;
    assert.deepEqual([kind, key.slice(0, 3), change], ['shop.pack', 'bad', 'new']);
  } finally {
    child.kill('SIGINT');
  }
  assert.deepEqual(await exited, [0, null]);
});

test('events ls shows how far groups are behind, and tail what was told and is told', async () => {
  await nobodyLags();
  assert.match(
    (await project.goblin('events', 'ls')).stdout,
    /shop\.ordered\.v1\s+receipts\s+shop\s+0\s+-\s+0\n/,
  );
  const { child, next } = follow('events', 'tail', '--from', 'beginning', '--json');
  const payload = async (): Promise<unknown> => ((await next()) as { payload: unknown }).payload;
  try {
    for (const id of ['bad', 'slow', 'good']) assert.deepEqual(await payload(), { id });
    await order('later');
    while (((await payload()) as { id: string }).id !== 'later');
  } finally {
    child.kill('SIGINT');
  }
});

test('events that a group has failed at are shown, tried again and discarded', async () => {
  const parked = () => json('events', 'parked', 'shop.ordered.v1', '--group', 'labels');
  await until('it has failed', async () => (await parked())[0]?.state === 'failed');
  const [{ id, payload, error, parkedAt }, ...others] = await parked();
  assert.deepEqual([payload, error.message, others], [{ id: 'bad' }, 'no label for it', []]);
  assert.match(
    (await project.goblin('events', 'parked')).stdout,
    new RegExp(
      `\\n${id}\\s+shop\\.ordered\\.v1\\s+labels\\s+shop\\s+failed\\s+1\\s.*INTERNAL: no label for it\\n`,
    ),
  );
  await nobodyLags();
  assert.match((await project.goblin('events', 'ls')).stdout, /labels\s+shop\s+0\s+-\s+1\n/);
  const { code, stdout } = await project.goblin('events', 'retry', String(id), '--group', 'labels');
  assert.deepEqual([code, stdout], [0, '1 event will be tried again\n']);
  await until('it has failed again', async () => (await parked())[0]?.state === 'failed');
  assert.equal((await parked())[0].parkedAt, parkedAt);
  assert.equal((await project.goblin('events', 'retry', '--all', '--group', 'receipts')).code, 1);
  assert.deepEqual(await json('events', 'discard', '--all', '--group', 'labels'), { count: 1 });
  assert.deepEqual(await parked(), []);
});

test('a group handles events again from a moment on', async () => {
  const replay = (...args: string[]) =>
    project.goblin('events', 'replay', 'shop.ordered.v1', '--group', ...args);
  const { code, stdout, stderr } = await replay('labels', '--from', '2026-01-01 12:00');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^labels handles events of shop\.ordered\.v1 again: those since 2026-01-01 12:00:00/);
  await until('it has failed anew', async () => (await json('events', 'parked')).length === 1);
  assert.match((await replay('nobody', '--from', 'beginning')).stderr, /no group nobody has subscribed/);
});

test('what is wrong is answered with what would be right', async () => {
  for (const [args, message] of [
    [['tasks', 'lst'], /goblin tasks ls, show/],
    [['tasks', 'ls', '--state', 'done'], /--state is one of ready/],
    [['tasks', 'show', 'x'], /named by its number/],
    [['schedule'], /goblin schedule ls, run/],
    [['schedule', 'run'], /goblin schedule run payments\/nightly/],
    [['events', 'tail', '--from', 'yesterday'], /beginning or a duration/],
    [['events'], /goblin events ls, tail, parked/],
    [['events', 'retry'], /numbers, as goblin events parked shows them, or --all/],
    [['events', 'discard', 'x'], /named by its number/],
    [['events', 'replay', 'shop.ordered.v1'], /--group receipts --from beginning/],
  ] as const) {
    const { code, stderr } = await project.goblin(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});
