/** A platform of services in one process, for tests: real filters, validation and contexts, no discovery. Name
 * each service by a definition, or by a few functions that stand in for it.
 * @example
 * await using platform = await testPlatform({ payments, tax: { quote: async () => sixteenPercent } });
 * const receipt = await platform.client(paymentsContract).charge(input); */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuiltService,
  buildService,
  type Call,
  type CallService,
  type Client,
  type ConfigReader,
  type Contract,
  clientOf,
  compose,
  createConfig,
  createRuntime,
  GoblinError,
  type Handlers,
  type ModuleContext,
  procedureService,
  type Runtime,
  type ServiceDefinition,
  systemClock,
  type Telemetry,
  testTelemetry,
  withTelemetry,
} from '@goblin/core';
import { createFaults, type Faults } from './filters/faults.ts';
import { faultyProcedures } from './filters/faulty.ts';
import { type HttpServer, httpServer } from './http/http-server.ts';
import { httpTransport } from './http/http-transport.ts';
import type { Peer } from './peer.ts';
import type { Transport } from './transport.ts';

const KEEP_ALIVE_MS = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: services of different contracts stand in one table
type AnyDefinition = ServiceDefinition<any>;
/** Functions by procedure name. What they answer is still checked against the contract. */
// biome-ignore lint/suspicious/noExplicitAny: a stand-in states only the procedures that the test needs
export type StandIn = Readonly<Record<string, (input: any) => unknown>>;

export interface TestPlatformOptions {
  /** `process` (default) calls directly; `http` puts a real server and a real connection between any two. */
  readonly over?: 'process' | 'http';
  /** Settings, by name. Secrets too: here they need no file. */
  readonly config?: Readonly<Record<string, string>>;
  /** Default: a new folder that is removed in the end. */
  readonly dataFolder?: string;
  readonly telemetry?: Telemetry;
}

export interface TestPlatform extends AsyncDisposable {
  client<C extends Contract>(contract: C): Client<C>;
  /** Faults for the calls between its services, and for those of its clients. */
  readonly faults: Faults;
  /** Sends a request to a service's plain routes, over a real socket. */
  fetch(service: string, path: string, init?: RequestInit): Promise<Response>;
}

interface Member {
  readonly name: string;
  readonly service: Promise<BuiltService>;
  readonly runtime: Runtime | undefined;
  server: Promise<HttpServer> | undefined;
}

export async function testPlatform(
  services: Readonly<Record<string, AnyDefinition | StandIn>>,
  options: TestPlatformOptions = {},
): Promise<TestPlatform> {
  const telemetry = options.telemetry ?? testTelemetry();
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'goblin-test-')));
  const stopping = new AbortController();
  const config = await settingsOf(options.config ?? {}, join(dataFolder, 'secrets'));
  const members = new Map<string, Member>();
  // Timers of deadlines and faults do not: a test that waits for one alone would end before it.
  const alive = setInterval(() => {}, KEEP_ALIVE_MS);
  const transport: Transport | undefined = options.over === 'http' ? httpTransport({ telemetry }) : undefined;
  const { log, metrics } = telemetry;
  const faults = createFaults({ clock: systemClock, random: Math.random, log, metrics });
  const calls: CallService = compose([withTelemetry('client', telemetry), faults.filter('client')], carry);

  function member(name: string): Member {
    const definition = services[name];
    if (!definition) {
      throw new GoblinError('NO_PEER', {
        message: `the test platform has no service ${name}; it has ${Object.keys(services).join(', ')}`,
      });
    }
    let found = members.get(name);
    if (!found) {
      found = isDefinition(definition) ? realMember(name, definition) : standInMember(name, definition);
      members.set(name, found);
    }
    return found;
  }

  function realMember(name: string, definition: AnyDefinition): Member {
    const base: Omit<ModuleContext, 'use'> = {
      service: name,
      instance: `${name}-test-${randomBytes(3).toString('hex')}`,
      telemetry,
      config,
      dataFolder,
      stopping: stopping.signal,
    };
    const runtime = createRuntime(base);
    const service = built(definition, { ...base, use: (module) => runtime.use(module) });
    void service.then((built) => built.startBackground()).catch(() => {});
    return { name, service, runtime, server: undefined };
  }

  async function built(definition: AnyDefinition, base: ModuleContext): Promise<BuiltService> {
    const service = await buildService(definition, base, calls);
    return { ...service, procedures: faultyProcedures(service.procedures, faults) };
  }

  function standInMember(name: string, functions: StandIn): Member {
    const contract: Contract = { name, service: name, version: 'v0', procedures: {} };
    const procedures = procedureService(contract, functions as Handlers<Contract>, telemetry);
    const service: BuiltService = {
      contract,
      procedures: faultyProcedures(procedures, faults),
      options: {},
      checks: new Map(),
      startBackground: () => {},
      stopBackground: async () => {},
    };
    return { name, service: Promise.resolve(service), runtime: undefined, server: undefined };
  }

  async function serverOf(target: Member): Promise<HttpServer> {
    target.server ??= target.service.then((service) =>
      httpServer({
        host: '127.0.0.1',
        port: 0,
        telemetry,
        services: [
          {
            contract: service.contract,
            procedures: service.procedures,
            routes: service.options.routes ?? {},
          },
        ],
        sockets: service.options.sockets ?? {},
        files: service.options.files ?? {},
        readiness: async () => ({}),
      }),
    );
    return target.server;
  }

  /** Stand-ins are called in process whatever the transport: they have no contract to serve. */
  async function carry(call: Call): Promise<unknown> {
    const target = member(call.procedure.contract.split('.')[0]!);
    if (transport && target.runtime) return transport.call(peerOf(target.name, await serverOf(target)), call);
    const { procedures } = await target.service;
    return procedures({ procedure: call.procedure, input: overTheWire(call.input) });
  }

  async function stop(): Promise<void> {
    stopping.abort();
    faults.lift();
    clearInterval(alive);
    await transport?.close();
    for (const target of members.values()) {
      const service = await target.service.catch(() => undefined);
      await (await target.server)?.drain(1_000);
      await service?.stopBackground();
      await target.runtime?.stop();
    }
    if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true });
  }

  // Now, so that starting does not count against the deadline of the first call.
  try {
    const names = Object.keys(services).filter((name) => isDefinition(services[name]));
    await Promise.all(names.map((name) => member(name).service));
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    client: (contract) => clientOf(contract, calls),
    faults,
    async fetch(service, path, init) {
      const definition = services[service];
      if (!isDefinition(definition))
        throw new GoblinError('NOT_FOUND', {
          message: `${service} is not a real service of this test platform`,
        });
      const { host, port } = await serverOf(member(service));
      return fetch(`http://${host}:${port}${path}`, init);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** As files, which is where both plain settings and secrets may come from. */
async function settingsOf(values: Readonly<Record<string, string>>, folder: string): Promise<ConfigReader> {
  await mkdir(folder, { recursive: true });
  for (const [name, value] of Object.entries(values))
    await writeFile(join(folder, name.toLowerCase()), value);
  return createConfig({ service: 'test', env: { GOBLIN_SECRETS: folder, NODE_ENV: 'production' } }).read;
}

function isDefinition(value: AnyDefinition | StandIn | undefined): value is AnyDefinition {
  return value !== undefined && 'implementation' in value && 'contract' in value;
}

function peerOf(service: string, server: HttpServer): Peer {
  return {
    instance: `${service}-test`,
    service,
    version: 'test',
    contracts: [],
    address: { host: server.host, port: server.port },
    state: 'ready',
    incarnation: 1,
    startedAt: 0,
  };
}

/** What JSON makes of it, so that a test without sockets meets the same values as a real call. */
function overTheWire(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
