/** Palantir in a process of its own: `palantir-server.ts <folder> <token>`. Says where it listens. */
import { createConfig, testTelemetry } from '@goblin/core';
import { clusterKey, startHost } from '@goblin/mesh';
import { palantir } from '@goblin/palantir';

const [folder = '', token = ''] = process.argv.slice(2);
const host = await startHost(
  palantir({ app: 'bench', token, folder: `${folder}/store`, retention: { days: 30, bytes: 1e12 } }),
  {
    name: 'palantir',
    version: '1',
    folder,
    dataFolder: folder,
    config: createConfig({ service: 'palantir', env: {} }).read,
    telemetry: testTelemetry(),
    finders: [],
    clusterKey: clusterKey({ cluster: 'bench', secret: [token.padEnd(32, '0')] }),
    lameDuckMs: 0,
  },
);
process.on('message', async (order: { readonly do: 'close' }) => {
  if (order.do !== 'close') return;
  await host.stop();
  process.exit(0);
});
process.on('disconnect', () => process.exit(1));
process.send?.({
  id: 0,
  answer: JSON.stringify({ pid: process.pid, url: `http://127.0.0.1:${host.address.port}` }),
});
