/** A real InfluxDB 1, killed and started again while it is read. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openState } from '../../state/state-database.ts';
import { freePort } from '../../testing/free-port.ts';
import { metricOf, running, temporaryFolder, toolsFor, until } from '../testing/collecting.ts';
import { recordingStore } from '../testing/recording-store.ts';
import { influxPull } from './influx-pull.ts';

const INFLUXD = '/usr/bin/influxd';
const skip = existsSync(INFLUXD) ? false : 'the Debian package influxdb is not installed';

interface Influx extends AsyncDisposable {
  readonly url: string;
  query(q: string): Promise<Response>;
  write(lines: string): Promise<void>;
  start(): Promise<void>;
  kill(): Promise<void>;
}

async function influx(folder: string): Promise<Influx> {
  const [http, rpc] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const config = join(folder, 'influx.conf');
  await writeFile(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
[http]
  bind-address = "127.0.0.1:${http}"
[monitor]
  store-enabled = false
`,
  );
  let child: ChildProcess | undefined;
  const one: Influx = {
    url,
    query: (q) => fetch(`${url}/query`, { method: 'POST', body: new URLSearchParams({ q }) }),
    async write(lines) {
      const { status } = await fetch(`${url}/write?db=shop&precision=ms`, { method: 'POST', body: lines });
      assert.equal(status, 204);
    },
    async start() {
      child = spawn(INFLUXD, ['run', '-config', config], { stdio: 'ignore' });
      await until(
        () =>
          fetch(`${url}/ping`).then(
            ({ ok }) => ok,
            () => false,
          ),
        'influxd is there',
      );
    },
    async kill() {
      const exited = once(child!, 'exit');
      child!.kill('SIGKILL');
      await exited;
    },
    [Symbol.asyncDispose]: () => one.kill(),
  };
  await one.start();
  return one;
}

test('what a real InfluxDB 1 has is read whole, and on from there when either side was killed', {
  skip,
  timeout: 90_000,
}, async () => {
  using folder = temporaryFolder();
  await using server = await influx(folder.path);
  await server.query('CREATE DATABASE shop');
  const beganMs = Date.now() - 1_800_000;
  /** More than a chunk of an answer and more than a batch, of two series with different tags. */
  const count = 12_000;
  const line = (n: number, value: number): string =>
    `orders,${n % 2 ? 'country=FR' : 'country=DE,kind=b\\ 2\\ b'} value=${value},note="x",late=${n % 3 === 0} ${beganMs + n * 10}`;
  await server.write(Array.from({ length: count }, (_, n) => line(n, n)).join('\n'));
  await server.write(`alone value=7 ${beganMs}`);

  using state = openState(folder.path);
  const store = recordingStore();
  const tools = { ...toolsFor(store), state };
  const source = { version: 1, url: server.url, database: 'shop' } as const;
  const start = (): AsyncDisposable =>
    running(
      influxPull(tools, {
        source,
        measurements: ['orders', 'alone', 'none'],
        periodMs: 200,
        overlapMs: 1_000,
      }),
    );
  const values = (): Set<number> =>
    new Set(
      store.samples.filter(({ series }) => series.__name__ === 'orders_value').map(({ value }) => value),
    );
  {
    await using _ = start();
    await until(() => values().size === count && store.valueOf('alone') === 7, 'all of it');
    assert.ok(store.valueOf('orders_value', { country: 'DE', kind: 'b 2 b' }) !== undefined);
    assert.ok(store.samples.some(({ series }) => series.country === 'FR' && !('kind' in series)));
    assert.equal(store.samples.filter(({ series }) => series.__name__ === 'orders_late').length, count);

    await server.kill();
    await until(() => metricOf(tools.metrics, 'collector_failures_total', 'influx') > 0, 'it is not there');
    await server.start();
    await server.write(`orders,country=FR value=${count},note="x" ${Date.now() - 500}`);
    await until(() => values().size === count + 1, 'it goes on after a restart of InfluxDB');
  }
  await server.write(`orders,country=FR value=${count + 1},note="x" ${Date.now()}`);
  const before = store.samples.length;
  await using _ = start();
  await until(() => values().size === count + 2, 'it goes on after a restart of its own');
  assert.ok(store.samples.length - before < 100, 'it read all of it again');
});

test('what a real InfluxDB 1 says no to is counted, with its words', { skip, timeout: 60_000 }, async () => {
  using folder = temporaryFolder();
  await using server = await influx(folder.path);
  using state = openState(folder.path);
  const said: string[] = [];
  const tools = { ...toolsFor(recordingStore()), state };
  const log = { ...tools.log, warn: (fields: unknown) => said.push(String((fields as { err: Error }).err)) };
  const source = { version: 1, url: server.url, database: 'none' } as const;
  await using _ = running(
    influxPull({ ...tools, log: log as typeof tools.log }, { source, measurements: ['cpu'] }),
  );
  await until(() => said.length > 0, 'it says so');
  assert.match(said[0]!, /database not found: none/);
});
