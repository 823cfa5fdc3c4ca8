/** An edge on a free port in front of real HTTP servers, with the mesh's own directory, balancer and dispatcher; only
 * discovery is left out: tests say themselves which peers there are. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  type EdgeRoute,
  type EdgeSpec,
  type Logger,
  systemClock,
  type TestTelemetry,
  testTelemetry,
} from '@goblin/core';
import { createBalancer, createDirectory, createDispatcher, type Directory } from '@goblin/mesh';
import { type Edge, type EdgeOptions, startEdge } from '../edge.ts';

export type LogLine = Readonly<Record<string, unknown>>;

export interface TestEdge extends AsyncDisposable {
  readonly edge: Edge;
  readonly port: number;
  readonly telemetry: TestTelemetry;
  readonly directory: Directory;
  /** What was logged at info and above. */
  readonly lines: readonly LogLine[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Sends bytes on a connection of their own and answers all that came back until it was closed. */
  raw(bytes: string): Promise<string>;
  /** Makes a server on this machine known as an instance of a service. */
  join(service: string, port: number, instance?: string): void;
}

export interface TestEdgeOptions extends Partial<Omit<EdgeOptions, 'spec' | 'mesh' | 'telemetry'>> {
  readonly routes: readonly EdgeRoute[];
  /** The rest of the spec. */
  readonly spec?: Omit<EdgeSpec, 'routes'>;
  /** Handlers by service; each becomes one instance. */
  readonly services?: Readonly<Record<string, RequestListener>>;
}

export async function testEdge({ routes, services = {}, ...options }: TestEdgeOptions): Promise<TestEdge> {
  const lines: LogLine[] = [];
  const telemetry = testTelemetry({ log: recordingLogger(lines) });
  const parts = { clock: systemClock, log: telemetry.log, metrics: telemetry.metrics };
  const directory = createDirectory(parts);
  const dispatcher = createDispatcher({ ...parts, directory, balancer: createBalancer(parts) });
  const peers = new Map<string, TestPeer>();
  for (const [service, handler] of Object.entries(services)) peers.set(service, await startPeer(handler));
  const closeAll = async (): Promise<void> => {
    directory.close();
    for (const peer of peers.values()) await peer[Symbol.asyncDispose]();
  };
  const edge = await startEdge({
    port: 0,
    ...options,
    spec: { ...options.spec, routes },
    mesh: { directory, dispatcher },
    telemetry,
  }).catch(async (error) => {
    await closeAll();
    throw error;
  });
  const { port } = edge.address;
  let joined = 0;

  function join(service: string, at: number, instance = `${service}-${joined++}`): void {
    directory.heard(
      {
        instance,
        service,
        version: '1',
        contracts: [],
        address: { host: '127.0.0.1', port: at },
        state: 'ready',
        incarnation: 1,
        startedAt: 0,
      },
      { by: 'test', at: performance.now(), forMs: Number.POSITIVE_INFINITY },
    );
  }
  for (const [service, peer] of peers) join(service, peer.port);

  return {
    edge,
    port,
    telemetry,
    directory,
    lines,
    join,
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init }),
    raw: (bytes) => exchangeBytes(port, bytes),
    async [Symbol.asyncDispose]() {
      await edge.stop(1_000);
      await closeAll();
    },
  };
}

export interface TestPeer extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
}

export async function startPeer(handler: RequestListener): Promise<TestPeer> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function exchangeBytes(port: number, bytes: string): Promise<string> {
  const socket = await openSocket(port);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.write(bytes, 'latin1');
  await closed;
  return received;
}

function recordingLogger(lines: LogLine[]): Logger {
  const write = (first: unknown, message?: string): void => {
    lines.push(typeof first === 'string' ? { message: first } : { ...(first as LogLine), message });
  };
  const nothing = (): void => {};
  const logger: Logger = {
    trace: nothing,
    debug: nothing,
    info: write,
    warn: write,
    error: write,
    fatal: write,
    child: () => logger,
  };
  return logger;
}

/** Resolves when the condition holds; the deadline only makes a failing test end. */
export async function until(condition: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
