/** Goblin over a link by TLS, with a certificate on both sides. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostCredentials, meshTransport } from '@goblin/mesh';
import { goblinClient, goblinServer } from '../goblin.ts';
import type { BenchClient, BenchServer } from '../peer.ts';

const CERTIFICATE =
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=bench -addext subjectAltName=IP:127.0.0.1';

/** Both sides show the same certificate, and trust no other. */
async function credentialsIn(folder: string): Promise<HostCredentials> {
  const [key, cert] = await Promise.all([
    readFile(join(folder, 'bench.key')),
    readFile(join(folder, 'bench.pem')),
  ]);
  return { ca: cert, cert, key };
}

export async function server(): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-bench-mtls-'));
  execFileSync('openssl', [
    ...CERTIFICATE.split(' '),
    '-keyout',
    join(folder, 'bench.key'),
    '-out',
    join(folder, 'bench.pem'),
  ]);
  const served = await goblinServer({ tls: await credentialsIn(folder) });
  return {
    address: `${served.address} ${folder}`,
    async close() {
      await served.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function client(address: string): Promise<BenchClient> {
  const [host = '', folder = ''] = address.split(' ');
  const tls = await credentialsIn(folder);
  return goblinClient(host, (telemetry) => meshTransport({ telemetry, tls }));
}
