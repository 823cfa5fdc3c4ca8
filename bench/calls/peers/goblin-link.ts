/** Goblin over a link by TCP, on the port that HTTP is answered at. */
import { meshTransport } from '@goblin/mesh';
import { goblinClient, goblinServer } from '../goblin.ts';
import type { BenchClient, BenchServer } from '../peer.ts';

export const server = (): Promise<BenchServer> => goblinServer();

export const client = (address: string): Promise<BenchClient> =>
  goblinClient(address, (telemetry) => meshTransport({ telemetry }));
