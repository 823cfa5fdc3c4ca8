/** Where Palantir listens, settled before anything starts: the others are told by their environment where to send telemetry. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { GoblinError, type PalantirModel } from '@goblin/core';

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws CONFIG_INVALID for a GOBLIN_PALANTIR_PORT that is none */
export async function palantirAddress({ port, host }: PalantirModel, env: Environment): Promise<URL> {
  const wanted = portOf(env) ?? port;
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const shown = reached.includes(':') ? `[${reached}]` : reached;
  return new URL(`http://${shown}:${wanted === 0 ? await freePort(reached) : wanted}`);
}

function portOf({ GOBLIN_PALANTIR_PORT: text }: Environment): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new GoblinError('CONFIG_INVALID', {
    message: `GOBLIN_PALANTIR_PORT is ${JSON.stringify(text)}: write a port, or 0 for any free one`,
  });
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
