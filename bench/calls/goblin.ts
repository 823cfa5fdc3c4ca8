/** Goblin as a user runs it, whatever carries the calls: discovery, balancing, deadlines, retries with a budget,
 * validation of input and output, metrics, and a span per side. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contract, createConfig, createLogger, createTelemetry, serve, type Telemetry } from '@goblin/core';
import { clusterKey, type HostOptions, joinMesh, seeds, startHost, type Transport } from '@goblin/mesh';
import { z } from 'zod';
import { answer, type BenchClient, type BenchServer } from './peer.ts';

const Money = z.object({ currency: z.string().length(3), minor: z.int() });
const tax = contract('tax.v1', {
  quote: {
    input: z.object({
      country: z.string().length(2),
      amount: Money,
      reference: z.string(),
      note: z.string(),
    }),
    output: z.object({ tax: Money, rate: z.number(), reference: z.string(), note: z.string() }),
    idempotent: true,
    deadline: '5s',
  },
});
const key = clusterKey({ cluster: 'bench', secret: 'only on this machine, for the length of one run' });

export async function goblinServer(
  options: Pick<HostOptions, 'tls' | 'linkPath'> = {},
): Promise<BenchServer> {
  const telemetry = observed('tax');
  const folder = await mkdtemp(join(tmpdir(), 'goblin-bench-'));
  const host = await startHost(serve(tax, { quote: (input) => answer(input) }), {
    name: 'tax',
    version: '1',
    folder,
    dataFolder: folder,
    config: createConfig({ service: 'tax', env: {} }).read,
    telemetry,
    finders: [],
    clusterKey: key,
    ...options,
  });
  return {
    address: `${host.address.host}:${host.address.port}`,
    async close() {
      await host.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function goblinClient(
  address: string,
  transportOf: (telemetry: Telemetry) => Transport,
): Promise<BenchClient> {
  const telemetry = observed('bench');
  const mesh = await joinMesh({
    self: {
      instance: `bench-${randomBytes(3).toString('hex')}`,
      service: undefined,
      version: '1',
      contracts: [],
      address: undefined,
    },
    finders: [seeds([address])],
    clusterKey: key,
    telemetry,
    transport: transportOf(telemetry),
  });
  await mesh.directory.waitFor([tax.name], { timeoutMs: 10_000 });
  return { call: mesh.client(tax).quote, close: () => mesh.stop() };
}

/** Telemetry as a service process has it. */
function observed(service: string): Telemetry {
  const identity = { service, instance: service, version: '1' };
  return createTelemetry({
    ...identity,
    log: createLogger({ ...identity, level: 'warn' }),
    env: process.env,
  });
}
