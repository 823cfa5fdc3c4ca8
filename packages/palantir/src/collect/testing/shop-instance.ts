/** A process that is an instance of a service of ours, until it is killed: `shop-instance.ts <instance> <palantir's host:port>`. Where the
 * environment says so it sends its telemetry. */
import { contract, createConfig, createLogger, createTelemetry, serve } from '@goblin/core';
import { clusterKey, seeds, startHost } from '@goblin/mesh';

const [instance = '', seed = ''] = process.argv.slice(2);
const identity = { service: 'shop', instance, version: '1' };
const log = createLogger({ ...identity, level: 'error' });
const telemetry = createTelemetry({ ...identity, log, env: process.env });
telemetry.metrics.counter('orders_total', { help: 'Orders.' }).with().add(7);
await startHost(serve(contract('shop.v1', {}), {}), {
  name: 'shop',
  version: '1',
  instance,
  folder: '.',
  dataFolder: '.',
  config: createConfig({ service: 'shop', env: {} }).read,
  telemetry,
  finders: [seeds([seed])],
  clusterKey: clusterKey({ cluster: 'test', secret: ['0123456789abcdef0123456789abcdef'] }),
});
