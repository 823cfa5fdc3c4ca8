/** A process of its own that serves as an instance of `shop` and joins the mesh by beacon.
 * Arguments: instance name, port of the beacon, secret of the cluster. Prints `ready` when it is. */
import { tmpdir } from 'node:os';
import { contract, createConfig, serve, testTelemetry } from '@goblin/core';
import { beacon, clusterKey, startHost } from '@goblin/mesh';

const [instance = '', port = '', secret = ''] = process.argv.slice(2);

const shop = serve(
  contract('shop.v1', {}),
  {},
  {
    routes: {
      'GET /whoami': () => new Response(instance),
      'PUT /things/:id': async (request) => new Response(await request.text()),
      'POST /orders': async (request) => new Response(await request.text(), { status: 201 }),
    },
  },
);

const host = await startHost(shop, {
  name: 'shop',
  version: '1',
  instance,
  folder: tmpdir(),
  dataFolder: tmpdir(),
  config: createConfig({ service: 'shop', argv: [], env: {} }).read,
  telemetry: testTelemetry(),
  finders: [beacon({ port: Number(port) })],
  clusterKey: clusterKey({ cluster: 'tests', secret }),
});
process.once('SIGTERM', () => void host.stop().then(() => process.exit(0)));
console.log('ready');
