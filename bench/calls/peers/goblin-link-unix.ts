/** Goblin over a link by a Unix socket. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { meshTransport } from '@goblin/mesh';
import { goblinClient, goblinServer } from '../goblin.ts';
import type { BenchClient, BenchServer } from '../peer.ts';

export const server = (): Promise<BenchServer> =>
  goblinServer({ linkPath: join(tmpdir(), `goblin-bench-${process.pid}.sock`) });

export const client = (address: string): Promise<BenchClient> =>
  goblinClient(address, (telemetry) => meshTransport({ telemetry }));
