/** Runs a service in this process: joins the mesh, builds the service, listens, tells the others, and winds all
 * of that down in reverse. Stopping follows the order that loses nothing: say so, keep serving for a moment
 * while the others hear it, finish what runs, stop the modules, leave. */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:net';
import { resolve } from 'node:path';
import {
  type BuiltService,
  buildService,
  bytes,
  type ConfigReader,
  createRuntime,
  type Health,
  type ModuleContext,
  type Runtime,
  type ServiceDefinition,
  sleep,
  systemClock,
  type Telemetry,
} from '@goblin/core';
import { type AdmissionLimits, createAdmission } from './admission/admission.ts';
import { observeCertificate } from './certificate-expiry.ts';
import { controlDoor } from './control/control-door.ts';
import { faultOrders, meshOrders } from './control/orders.ts';
import type { ClusterKey, Finder } from './discovery/finder.ts';
import { createFaults, type Faults } from './filters/faults.ts';
import { faultyProcedures, faultyTransport } from './filters/faulty.ts';
import { type HttpServer, httpServer } from './http/http-server.ts';
import { linkServer } from './link/link-server.ts';
import { listenAtPath } from './link/listen-at-path.ts';
import { reportLoad } from './load-report.ts';
import { joinMesh, type Mesh } from './mesh.ts';
import { meshTransport } from './mesh-transport.ts';
import type { PeerState } from './peer.ts';
import type { ServedOverSleuth } from './sleuth/serve-over-sleuth.ts';
import type { SleuthPlace } from './sleuth/sleuth-setting.ts';

const STOP_TIMEOUT_MS = 5_000;
const LAME_DUCK_MS = 250;
/** What stopping keeps back from draining for modules and goodbyes. */
const AFTER_DRAIN_MS = 1_500;
const HEALTH_PERIOD_MS = 5_000;

export interface HostOptions {
  /** Name in the app model. */
  readonly name: string;
  /** Release. */
  readonly version: string;
  /** Unique for each start. Default: the name and a random suffix. */
  readonly instance?: string;
  /** Where to listen; port 0 takes any free one. Default 127.0.0.1, any. */
  readonly host?: string;
  readonly port?: number;
  /** What `files` of the service are relative to. */
  readonly folder: string;
  readonly dataFolder: string;
  readonly config: ConfigReader;
  readonly telemetry: Telemetry;
  readonly finders: readonly Finder[];
  readonly clusterKey: ClusterKey;
  /** Callers there prefer this instance, and it prefers peers there. */
  readonly zone?: string;
  /** The address that others reach it by, and the UDP port of its membership. Default: see joinMesh. */
  readonly advertise?: string;
  readonly gossipPort?: number;
  /** Links of this instance and to it are made by TLS, with these credentials on both sides. */
  readonly tls?: HostCredentials;
  /** A Unix socket to answer links at, for callers on the same machine. */
  readonly linkPath?: string;
  /** Limits of what it takes in at once, or false to take in everything. Default: on. */
  readonly admission?: false | Partial<AdmissionLimits>;
  /** Where it is announced to Sleuth peers too, and answers what they ask. Default: nowhere. */
  readonly sleuth?: SleuthPlace;
  /** How long it keeps serving after it told the others that it stops. Default 250 ms. */
  readonly lameDuckMs?: number;
  /** Told of each change of state. */
  readonly onState?: (state: PeerState) => void;
}

/** In PEM. Whoever calls must show a certificate of the same authority. */
export interface HostCredentials {
  readonly ca: string | Buffer;
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface Host extends AsyncDisposable {
  readonly instance: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly state: PeerState;
  readonly mesh: Mesh;
  /** Faults for the calls that come in here and the attempts that go out. Those injected end with the host. */
  readonly faults: Faults;
  /** Settles within `timeoutMs` (default 5 s); what has not finished by then is cut off. */
  stop(timeoutMs?: number): Promise<void>;
}

/** @throws CONFIG_INVALID, MODULE_FAILED, PORT_IN_USE; what had started is stopped again. */
export async function startHost(definition: ServiceDefinition, options: HostOptions): Promise<Host> {
  const { name, version, telemetry, tls, linkPath } = options;
  const instance = options.instance ?? instanceName(name);
  const stopping = new AbortController();
  const base: Omit<ModuleContext, 'use'> = {
    service: name,
    instance,
    telemetry,
    config: options.config,
    dataFolder: options.dataFolder,
    stopping: stopping.signal,
  };
  const runtime = createRuntime(base);
  const { log, metrics } = telemetry;
  const faults = createFaults({ clock: systemClock, random: Math.random, log, metrics });
  const mesh = await joinMesh({
    self: {
      instance,
      service: name,
      version,
      contracts: [definition.contract.name],
      address: undefined,
      zone: options.zone,
    },
    finders: options.finders,
    clusterKey: options.clusterKey,
    ...(options.advertise !== undefined && { advertise: options.advertise }),
    ...(options.gossipPort !== undefined && { gossipPort: options.gossipPort }),
    telemetry,
    transport: faultyTransport(meshTransport({ telemetry, instance, ...(tls && { tls }) }), faults),
  });
  const control = controlDoor({
    clusterKey: options.clusterKey,
    self: () => mesh.self,
    orders: { ...meshOrders(mesh), ...faultOrders(faults) },
    log,
    metrics,
  });
  const admission =
    options.admission === false
      ? undefined
      : createAdmission({ clock: systemClock, metrics, log, limits: options.admission ?? {} });
  const expiry = tls && observeCertificate(metrics, systemClock, 'link', () => tls.cert);
  let state: PeerState = 'starting';
  let server: HttpServer | undefined;
  let pathServer: Server | undefined;
  let overSleuth: ServedOverSleuth | undefined;
  let service: BuiltService | undefined;

  function enter(next: PeerState): void {
    state = next;
    options.onState?.(next);
  }

  const readiness = (): Promise<Record<string, Health>> => readinessOf(state, runtime, service);
  const healthTimer = reportHealth(telemetry, readiness);
  const loadTimer =
    options.zone === undefined ? undefined : reportLoad(systemClock, (load) => mesh.announce({ load }));

  let stopped: Promise<void> | undefined;
  async function windDown(timeoutMs: number): Promise<void> {
    const until = systemClock.now() + timeoutMs;
    const wasReady = state === 'ready';
    enter('draining');
    stopping.abort();
    faults.lift();
    healthTimer.cancel();
    loadTimer?.cancel();
    mesh.announce({ state: 'draining' });
    const leftSleuth = overSleuth?.stop(Math.max(0, timeoutMs - AFTER_DRAIN_MS));
    if (wasReady) await sleep(options.lameDuckMs ?? LAME_DUCK_MS);
    await leftSleuth;
    pathServer?.close();
    await server?.drain(Math.max(0, until - systemClock.now() - AFTER_DRAIN_MS));
    const failures = (await Promise.allSettled([service?.stopBackground()])).concat(
      await Promise.allSettled([runtime.stop()]),
      await Promise.allSettled([mesh.stop()]),
    );
    admission?.[Symbol.dispose]();
    expiry?.[Symbol.dispose]();
    for (const failure of failures) {
      if (failure.status === 'rejected')
        telemetry.log.error({ err: failure.reason }, `${name} did not stop cleanly`);
    }
  }

  const stop = (timeoutMs = STOP_TIMEOUT_MS): Promise<void> => {
    stopped ??= windDown(timeoutMs);
    return stopped;
  };

  try {
    service = await buildService(definition, { ...base, use: (module) => runtime.use(module) }, mesh.calls);
    const { contract } = service;
    const procedures = faultyProcedures(service.procedures, faults);
    const services = [{ contract, procedures, routes: service.options.routes ?? {} }];
    const links = linkServer({ services, telemetry, instance, admission });
    if (linkPath !== undefined) pathServer = await listenAtPath(linkPath, links);
    server = await httpServer({
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      telemetry,
      services,
      admission,
      links,
      tls: tls && { ...tls, requestCert: true },
      sockets: service.options.sockets ?? {},
      files: absoluteFolders(options.folder, service.options.files),
      ...(service.options.maxBody !== undefined && {
        limits: { maxBodyBytes: bytes(service.options.maxBody) },
      }),
      readiness,
      peerExchange: mesh.peerExchange,
      control,
    });
    service.startBackground();
    enter('ready');
    const address = { host: server.host, port: server.port };
    mesh.announce({ address, link: { tls: tls !== undefined, path: linkPath }, state });
    if (options.sleuth) {
      const { serveOverSleuth } = await import('./sleuth/serve-over-sleuth.ts');
      overSleuth = await serveOverSleuth({ place: options.sleuth, name, version, address, telemetry });
    }
    return {
      instance,
      address,
      get state() {
        return state;
      },
      mesh,
      faults,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function instanceName(name: string): string {
  return `${name}-${randomBytes(3).toString('hex')}`;
}

async function readinessOf(
  state: PeerState,
  runtime: Runtime,
  service: BuiltService | undefined,
): Promise<Record<string, Health>> {
  const own = await Promise.all(
    [...(service?.checks ?? [])].map(async ([name, check]) => [name, await checkSafely(check)] as const),
  );
  return {
    state: { ok: state === 'ready', detail: state },
    ...(await runtime.health()),
    ...Object.fromEntries(own),
  };
}

async function checkSafely(check: () => Promise<Health> | Health): Promise<Health> {
  try {
    return await check();
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Health checks appear as metrics too, so that what is not ready can be seen over time. */
function reportHealth(
  telemetry: Telemetry,
  readiness: () => Promise<Record<string, Health>>,
): { cancel(): void } {
  const gauge = telemetry.metrics.gauge('health_check_ok', {
    help: 'Whether a health check of this instance is passing: 1 or 0.',
    labels: ['check'],
  });
  return systemClock.every(HEALTH_PERIOD_MS, () => {
    void readiness().then((checks) => {
      for (const [check, health] of Object.entries(checks)) gauge.with(check).set(health.ok ? 1 : 0);
    });
  });
}

function absoluteFolders(
  folder: string,
  files: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([prefix, path]) => [prefix, resolve(folder, path)]));
}
