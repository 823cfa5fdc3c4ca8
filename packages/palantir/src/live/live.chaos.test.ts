/** The live state over real connections, to many who come, go, read slowly, or not at all. */
import assert from 'node:assert/strict';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { contract, createConfig, serve, testTelemetry, virtualClock } from '@goblin/core';
import { clusterKey, startHost } from '@goblin/mesh';
import { large } from '../../test/wall-states.fixture.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { seededRandom } from '../store/fixtures/random.ts';
import { liveWall } from './live-wall.ts';
import { liveReader } from './testing/live-reader.ts';
import { versionStream } from './version-stream.ts';
import type { WallState } from './wall-state.ts';

const TENTHS = 10;
const ROUNDS = 30;
const COMING = 4;
const MOST = 40;
/** Rounds after which what is no longer held has been collected. */
const SETTLE = 4;
/** In seconds: not yet cut off. */
const ASLEEP = 50;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A wall of 12 nodes with 400 instances each behind a real server, of which one of `each` is another each second. */
async function serving(each: number) {
  const folder = temporaryFolder();
  const clock = virtualClock();
  const end = new AbortController();
  const shown = large(clock.wall());
  let round = 0;
  let watching = 0;
  const { services, nodes } = shown.swarm;
  const wall = liveWall(
    {
      app: 'large',
      build: 'b1',
      metrics: { select: async () => [] },
      swarm: () => ({
        atMs: clock.wall(),
        services: services.map((one) => ({ ...one, restarts: round })),
        nodes: nodes.map((node) => ({
          ...node,
          seenAtMs: clock.wall(),
          instances: node.instances.map((one, index) =>
            (index + round) % each === 0 ? { ...one, id: `${one.id}-${round}` } : one,
          ),
        })),
      }),
      alerts: () => [],
      incidents: () => [],
      changes: () => [],
      slos: () => [],
      settingsTrouble: () => undefined,
    },
    { clock, log: testTelemetry().log },
  );
  void wall.run(end.signal);
  const definition = serve(contract('live.v1', {}), {}, async () => ({
    routes: {
      'GET /palantir/live': ({ signal }) =>
        versionStream(signal, clock, (show) => {
          const leave = wall.watch(show);
          watching++;
          return () => {
            watching--;
            leave();
          };
        }),
    },
  }));
  const host = await startHost(definition, {
    name: 'live',
    version: '1',
    folder: folder.path,
    dataFolder: folder.path,
    config: createConfig({ service: 'live', env: {} }).read,
    telemetry: testTelemetry(),
    finders: [],
    clusterKey: clusterKey({ cluster: 'test', secret: ['0123456789abcdef0123456789abcdef'] }),
    lameDuckMs: 0,
  });
  return {
    url: `http://127.0.0.1:${host.address.port}/palantir/live`,
    ask: wall.ask,
    get watching() {
      return watching;
    },
    async second() {
      round++;
      await clock.advance(1_000);
      await turn();
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await host.stop();
      folder[Symbol.dispose]();
    },
  };
}

/** Lets sockets be read and written. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; !isSo(); i++) {
    assert.ok(i < 100_000, 'it did not become so');
    await turn();
  }
}

/** One who looks: reads all, now and again, or nothing. */
function comer(
  url: string,
  isReading: boolean,
): { request: ClientRequest; answer(): IncomingMessage | undefined } {
  let answer: IncomingMessage | undefined;
  const request = get(url, { agent: false }, (came) => {
    answer = came;
    came.on('error', () => {});
    if (isReading) came.resume();
  });
  request.on('error', () => {});
  return { request, answer: () => answer };
}

test('many who come and go, read slowly or not at all leave nothing behind: heap and connections are flat', async (t) => {
  await using one = await serving(50);
  const random = seededRandom(3);
  const here: ReturnType<typeof comer>[] = [];
  const tenths: { heap: number; outside: number; sockets: number; watching: number }[] = [];
  for (let tenth = 0; tenth < TENTHS; tenth++) {
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < COMING; i++) here.push(comer(one.url, random(3) > 0));
      const slow = here[random(here.length)]!.answer();
      if (slow?.isPaused()) slow.resume();
      else slow?.pause();
      await until(() => here.every(({ answer }) => answer()));
      while (here.length > MOST || (here.length > 0 && random(2) === 0))
        here.splice(random(here.length), 1)[0]!.request.destroy();
      await one.second();
    }
    for (const { request } of here.splice(0)) request.destroy();
    await until(() => one.watching === 0);
    for (let i = 0; i < SETTLE; i++) {
      await one.second();
      collectGarbage();
    }
    const { heapUsed: heap, external: outside } = process.memoryUsage();
    const sockets = process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length;
    tenths.push({ heap, outside, sockets, watching: one.watching });
  }
  t.diagnostic(JSON.stringify(tenths));
  const [first, last] = [tenths[0]!, tenths.at(-1)!];
  assert.ok(last.heap < first.heap * 1.1 + 1e6, `heap of ${first.heap} became ${last.heap}`);
  assert.ok(
    last.outside < first.outside * 1.1 + 1e6,
    `${first.outside} bytes outside became ${last.outside}`,
  );
  assert.ok(last.sockets <= first.sockets + 1, `${first.sockets} sockets became ${last.sockets}`);
});

test('who does not read holds up nobody, then has the newest state at once, and is cut off where it never reads', async () => {
  await using one = await serving(5);
  const left = new AbortController();
  const open = async () => liveReader<WallState>((await fetch(one.url, { signal: left.signal })).body!);
  const [reading, sleeping, dead] = [await open(), await open(), await open()];
  for (const reader of [reading, sleeping, dead]) await reader.next();
  const seconds = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await one.second();
      await reading.next();
    }
  };
  await seconds(ASLEEP);
  assert.ok(reading.events.slice(1).every((event) => event === 'change'));
  const newest = await one.ask();
  let skipped = 0;
  for (let held = sleeping.number; sleeping.number < reading.number; held = sleeping.number) {
    await sleeping.next();
    skipped = Math.max(skipped, sleeping.number - held);
  }
  assert.deepEqual(sleeping.state?.swarm, newest.swarm);
  assert.ok(skipped > 1, 'what waited was the newest only');
  assert.equal(one.watching, 3);
  void sleeping.next();
  await seconds(ASLEEP);
  await until(() => one.watching === 2);
  left.abort();
  await until(() => one.watching === 0);
});
