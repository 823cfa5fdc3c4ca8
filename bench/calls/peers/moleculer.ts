/** Two Moleculer brokers over its TCP transporter, as its documentation sets it up. */
import { type AddressInfo, createServer } from 'node:net';
import { type BrokerOptions, ServiceBroker } from 'moleculer';
import { type Answer, answer, type BenchClient, type BenchServer, type Quote } from '../peer.ts';

export const server = (): Promise<BenchServer> => start({});
export const client = (address: string): Promise<BenchClient> => join(address, {});

export async function start(options: BrokerOptions): Promise<BenchServer> {
  const port = await freePort();
  const broker = new ServiceBroker({
    ...options,
    nodeID: 'server',
    logger: false,
    transporter: transporter(port, []),
  });
  broker.createService({
    name: 'tax',
    actions: {
      quote: {
        params: {
          country: 'string',
          amount: { $$type: 'object', currency: 'string', minor: 'number' },
          reference: 'string',
          note: 'string',
        },
        handler: (ctx: { params: Quote }) => answer(ctx.params),
      },
    },
  });
  await broker.start();
  return { address: `127.0.0.1:${port}/server`, close: () => broker.stop() };
}

export async function join(address: string, options: BrokerOptions): Promise<BenchClient> {
  const broker = new ServiceBroker({
    ...options,
    nodeID: 'client',
    logger: false,
    transporter: transporter(await freePort(), [address]),
  });
  await broker.start();
  await broker.waitForServices('tax');
  return {
    call: (input) => broker.call('tax.quote', input) as Promise<Answer>,
    close: () => broker.stop(),
  };
}

function transporter(port: number, urls: readonly string[]): NonNullable<BrokerOptions['transporter']> {
  // Its types know only one of the ways that its documentation gives to list peers.
  const options: object = { udpDiscovery: false, port, urls: [...urls] };
  return { type: 'TCP', options };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
