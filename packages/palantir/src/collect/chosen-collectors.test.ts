import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { openState } from '../state/state-database.ts';
import { chosenCollectors } from './chosen-collectors.ts';
import { running, temporaryFolder, toolsFor, until } from './testing/collecting.ts';
import { recordingStore } from './testing/recording-store.ts';

test('what is not asked for does not run, and what is asked for does', () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const tools = { ...toolsFor(recordingStore()), state };
  assert.deepEqual(chosenCollectors(tools, {}), []);
  const all = chosenCollectors(tools, {
    docker: {},
    statsd: {},
    scrape: [],
    influx: [{ source: { version: 1, url: 'http://127.0.0.1:1', database: 'a' }, measurements: ['cpu'] }],
  });
  assert.deepEqual(
    all.map(({ name }) => name),
    ['docker', 'docker logs', 'statsd', 'scrape', 'influx'],
  );
  const quiet = chosenCollectors(tools, { docker: { logs: false } });
  assert.deepEqual(
    quiet.map(({ name }) => name),
    ['docker'],
  );
});

test('the secret of a database comes from its file, and a file that is not there is named', async () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  const tools = { ...toolsFor(recordingStore()), state };
  const tokenFile = join(folder.path, 'token');
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const source = { version: 2, url, org: 'shop', bucket: 'b', tokenFile } as const;
  assert.throws(() => chosenCollectors(tools, { influx: [{ source, measurements: ['cpu'] }] }), {
    code: 'CONFIG_INVALID',
    message: /collect\.influx: the file .*token that tokenFile names cannot be read/,
  });
  writeFileSync(tokenFile, 'hush\n');
  const [pull] = chosenCollectors(tools, { influx: [{ source, measurements: ['cpu'] }] });
  {
    await using _ = running(pull!);
    await until(() => asked.length > 0, 'it asks');
  }
  server.closeAllConnections();
  server.close();
  assert.equal(asked[0], 'Token hush');
});
