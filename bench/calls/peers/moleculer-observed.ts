/** Moleculer with its metrics and tracing switched on, as Goblin always has them. The exporters are its lightest. */
import type { BrokerOptions } from 'moleculer';
import type { BenchClient, BenchServer } from '../peer.ts';
import { join, start } from './moleculer.ts';

const observed: BrokerOptions = {
  metrics: { enabled: true, reporter: [{ type: 'Event', options: { interval: 5 } }] },
  tracing: { enabled: true, exporter: [{ type: 'Event', options: { interval: 5 } }] },
};

export const server = (): Promise<BenchServer> => start(observed);
export const client = (address: string): Promise<BenchClient> => join(address, observed);
