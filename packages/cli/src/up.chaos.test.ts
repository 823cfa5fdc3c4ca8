/** The promises of `goblin up` on real services: nothing is lost while code changes or instances die, nothing is left
 * behind. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type CliProject, cliProject, GREETER, type Up, writeGreeter } from './testing/cli-project.ts';

const EDGE = `  edge: { routes: [{ path: '/hello/*', to: 'greeter' }] },\n`;
/** Far longer than anything takes: it only makes a failing test end. */
const PATIENCE_MS = 60_000;

interface Platform extends AsyncDisposable {
  readonly project: CliProject;
  readonly up: Up;
  readonly url: string;
}

async function platform(instances: number): Promise<Platform> {
  const project = cliProject(`    greeter: { from: './services/greeter', instances: ${instances} },\n`, EDGE);
  writeGreeter(project);
  const up = await project.up();
  const { url } = await up.event(({ event }) => event === 'ready');
  return {
    project,
    up,
    url,
    async [Symbol.asyncDispose]() {
      await up.stop();
      project[Symbol.dispose]();
    },
  };
}

interface Instance {
  readonly instance: string;
  readonly pid: number;
  readonly state: string;
}

function instancesOf(up: Up, service = 'greeter'): readonly Instance[] {
  const status = up.events.findLast(({ event }) => event === 'status')!;
  return status.services.find((one: { service: string }) => one.service === service).instances;
}

interface Traffic {
  /** Resolves when so many more have been answered, well or not. */
  more(answers: number): Promise<void>;
  stop(): Promise<{ answers: Set<string>; failures: string[] }>;
}

/** Four callers ask through the edge until they are stopped. @param pauseMs between two requests of each. */
function traffic(url: string, pauseMs = 0): Traffic {
  const answers = new Set<string>();
  const failures: string[] = [];
  let count = 0;
  let asking = true;
  async function ask(): Promise<void> {
    while (asking) {
      const response = await fetch(`${url}/hello/Ada`).catch((error: Error) => error);
      count += 1;
      if (response instanceof Error) failures.push(String(response.cause));
      else if (response.ok) answers.add(((await response.json()) as { greeting: string }).greeting);
      else failures.push(`${response.status} ${await response.text()}`);
      await pause(pauseMs);
    }
  }
  const all = Promise.all([ask(), ask(), ask(), ask()]);
  return {
    async more(wanted) {
      const enough = count + wanted;
      while (count < enough) await pause(5);
    },
    async stop() {
      asking = false;
      await all;
      return { answers, failures };
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Those of the processes that do not end. Who has ended is gone when process 1 has taken note of it. */
async function survivors(pids: readonly number[]): Promise<number[]> {
  const until = performance.now() + PATIENCE_MS;
  while (pids.some(isAlive) && performance.now() < until) await pause(20);
  return pids.filter(isAlive);
}

test('a line edited under load is live at once, and no request fails', async (t) => {
  await using one = await platform(1);
  // What is measured is the replacement, not how four greedy callers share two cores with it.
  const load = traffic(one.url, 20);
  await load.more(20);
  const startMs = performance.now();
  one.project.write(
    'services/greeter/service.ts',
    GREETER['service.ts']!.replace("default('Hello')", "default('Servus')"),
  );
  const before = one.up.events.length;
  const live = await one.up.event(
    (event) => one.up.events.indexOf(event) >= before && event.msg === 'greeter is ready',
  );
  const tookMs = performance.now() - startMs;
  assert.ok(live);
  await one.up.event(({ msg }) => /^greeter was replaced/.test(msg ?? ''));
  await load.more(20);
  const { answers, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual([...answers], ['Hello Ada', 'Servus Ada']);
  t.diagnostic(`live after ${Math.round(tookMs)} ms`);
});

test('kill -9 of an instance under load fails no request, and it comes back', async () => {
  await using one = await platform(2);
  const load = traffic(one.url);
  for (let round = 0; round < 3; round++) {
    await load.more(50);
    const [victim] = instancesOf(one.up).filter(({ state }) => state === 'ready');
    process.kill(victim!.pid, 'SIGKILL');
    const after = one.up.events.length;
    await one.up.event((event) => one.up.events.indexOf(event) >= after && event.msg === 'greeter is ready');
  }
  await load.more(50);
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
});

test('Ctrl-C under load stops everything and leaves no process', async (t) => {
  await using one = await platform(2);
  const pids = [...instancesOf(one.up), ...instancesOf(one.up, 'edge')].map(({ pid }) => pid);
  const load = traffic(one.url);
  await load.more(50);
  const startMs = performance.now();
  const code = await one.up.stop('SIGINT');
  const tookMs = performance.now() - startMs;
  await load.stop();
  assert.equal(code, 0);
  t.diagnostic(`stopped after ${Math.round(tookMs)} ms`);
  assert.deepEqual(await survivors(pids), []);
});

test('a second Ctrl-C ends everything at once', async () => {
  await using one = await platform(1);
  const pids = instancesOf(one.up).map(({ pid }) => pid);
  const mark = join(one.project.folder, 'stuck');
  const getStuck = `process.getBuiltinModule('node:fs').writeFileSync(${JSON.stringify(mark)}, ''); for (;;);`;
  one.project.write(
    'services/greeter/service.ts',
    GREETER['service.ts']!.replace('app.log.info', `${getStuck} app.log.info`),
  );
  await one.up.event(({ msg }) => /^greeter was replaced/.test(msg ?? ''));
  const [stuck] = instancesOf(one.up);
  void fetch(`${one.url}/hello/Ada`).catch(() => {});
  while (!existsSync(mark)) await pause(20);
  const ended = one.up.stop('SIGINT');
  // What comes too soon after the first one is taken for an echo of it.
  while (one.up.child.exitCode === null) {
    await pause(100);
    one.up.child.kill('SIGINT');
  }
  assert.equal(await ended, 130);
  assert.deepEqual(await survivors([...pids, stuck!.pid]), []);
});

test('kill -9 of goblin up leaves no process behind, and the next one starts', async () => {
  await using one = await platform(2);
  const pids = [...instancesOf(one.up), ...instancesOf(one.up, 'edge')].map(({ pid }) => pid);
  await one.up.stop('SIGKILL');
  assert.deepEqual(await survivors(pids), []);
  await using next = await one.project.up();
  assert.equal(instancesOf(next).length, 2);
});
