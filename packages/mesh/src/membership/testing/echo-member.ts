/** A process that serves `echo.v1` as a service does: started by chaos tests as `echo-member.ts <instance> <host>
 * <port> <seed>`. Prints `ready`. Stops on SIGTERM and when its standard input ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, serve } from '@goblin/core';
import { clusterKey } from '../../discovery/cluster-key.ts';
import { seeds } from '../../discovery/seeds.ts';
import { echo } from '../../discovery/testing/echo.ts';
import { recorder, SECRET } from '../../discovery/testing/recorder.ts';
import { startHost } from '../../host.ts';

const [instance = '', host = '', port = '', seed = ''] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'goblin-echo-'));
const running = await startHost(serve(echo, { whoami: () => instance, once: () => instance }), {
  name: 'echo',
  instance,
  version: '1',
  host,
  port: Number(port),
  folder,
  dataFolder: folder,
  config: createConfig({ service: 'echo', env: {} }).read,
  telemetry: recorder(),
  finders: [seeds([seed])],
  clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
});
console.log('ready');
// Whoever started it is gone, however it ended.
process.stdin.resume().on('end', () => process.exit());

process.once('SIGTERM', async () => {
  await running.stop();
  await rm(folder, { recursive: true });
  process.exit();
});
