import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { cliProject } from './testing/cli-project.ts';

test('healthcheck exits with 0 or 1, whatever is wrong with the project', async () => {
  using project = cliProject();
  project.write('goblin.config.ts', 'this is no config');
  const server = createServer((_, response) => response.end('{"ok":true}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const healthcheck = (): Promise<unknown> => project.goblin('healthcheck', '--port', String(port));
  assert.deepEqual(await healthcheck(), { code: 0, stdout: 'alive\n', stderr: '' });
  server.close();
  await once(server, 'close');
  const stdout = `http://127.0.0.1:${port}/healthz: nothing listens there\n`;
  assert.deepEqual(await healthcheck(), { code: 1, stdout, stderr: '' });
});
