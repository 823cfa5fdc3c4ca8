/** A process that serves `echo.v1`: started by chaos tests as `echo-instance.ts <instance> <beacon port>`. Prints
 * `ready`. Stops on SIGTERM. */
import { procedureService, sleep } from '@goblin/core';
import { httpServer } from '../../http/http-server.ts';
import { linkServer } from '../../link/link-server.ts';
import { joinMesh } from '../../mesh.ts';
import { meshTransport } from '../../mesh-transport.ts';
import { beacon } from '../beacon.ts';
import { clusterKey } from '../cluster-key.ts';
import { echo } from './echo.ts';
import { recorder, SECRET } from './recorder.ts';

const LAME_DUCK_MS = 250;
const [instance = '', port = ''] = process.argv.slice(2);
const telemetry = recorder();
const mesh = await joinMesh({
  self: { instance, service: 'echo', version: '1', contracts: [echo.name], address: undefined },
  finders: [beacon({ port: Number(port) })],
  clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
  telemetry,
  transport: meshTransport({ telemetry }),
});
const procedures = procedureService(echo, { whoami: () => instance, once: () => instance }, telemetry);
const services = [{ contract: echo, procedures }];
const server = await httpServer({
  host: '127.0.0.1',
  port: 0,
  telemetry,
  services,
  links: linkServer({ services, telemetry }),
  readiness: async () => ({}),
  peerExchange: mesh.peerExchange,
});
mesh.announce({ address: { host: server.host, port: server.port }, link: { tls: false }, state: 'ready' });
console.log('ready');

process.once('SIGTERM', async () => {
  mesh.announce({ state: 'draining' });
  // Until the others have heard it; a request on its way to a connection that closes would be lost.
  await sleep(LAME_DUCK_MS);
  await server.drain(1_000);
  await mesh.stop();
});
