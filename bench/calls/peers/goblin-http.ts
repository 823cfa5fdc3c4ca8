/** Goblin over HTTP/1.1, by the Connect protocol. */
import { httpTransport } from '@goblin/mesh';
import { goblinClient, goblinServer } from '../goblin.ts';
import type { BenchClient, BenchServer } from '../peer.ts';

export const server = (): Promise<BenchServer> => goblinServer();

export const client = (address: string): Promise<BenchClient> =>
  goblinClient(address, (telemetry) => httpTransport({ telemetry }));
