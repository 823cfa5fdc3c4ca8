/** The proxy in front of everything: one listener, routes by host and path, each request sent to a ready instance of
 * the service that its route names. Stopping refuses new connections, finishes what runs, says goodbye to WebSockets
 * and cuts off the rest when its time is over. */
import type { IncomingMessage } from 'node:http';
import { type Duration, type EdgeSpec, milliseconds, systemClock, type Telemetry } from '@goblin/core';
import { type Mesh, observeCertificate } from '@goblin/mesh';
import { trustedProxies } from './client-address.ts';
import { gateway } from './gateway.ts';
import { DEFAULT_LIMITS, type EdgeLimits } from './limits.ts';
import { type Listener, startListener } from './listener.ts';
import { observer as createObserver } from './observer.ts';
import type { SealedDoors } from './own-endpoints.ts';
import { type RouteTable, routeTable } from './route-table.ts';
import { readTls, type TlsFiles, type TlsPair, watchTls } from './tls-files.ts';
import { upstreams as createUpstreams } from './upstreams.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8_080;
const STOP_TIMEOUT_MS = 5_000;

export interface EdgeOptions {
  readonly spec: EdgeSpec;
  /** Where services are found and requests are dispatched. The edge does not stop it. */
  readonly mesh: Pick<Mesh, 'directory' | 'dispatcher'>;
  readonly telemetry: Telemetry;
  /** What members of the cluster ask of it. */
  readonly doors?: SealedDoors;
  /** Instead of those of the spec. Port 0 takes any free one. */
  readonly host?: string;
  readonly port?: number;
  /** Whose request it is, for limits per tenant; services are told by `goblin-tenant`. Default: nobody's. */
  readonly tenantOf?: (request: IncomingMessage) => string | undefined;
  readonly limits?: Partial<EdgeLimits>;
}

export interface Edge extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number };
  readonly state: 'ready' | 'draining' | 'stopped';
  /** Puts new routes in place at once; what runs is not touched. Address and TLS files stay.
   * @throws CONFIG_INVALID, and then the old routes stay */
  reload(spec: EdgeSpec): void;
  /** Settles within about `timeoutMs` (default 5 s); what has not finished by then is cut off. */
  stop(timeoutMs?: number): Promise<void>;
}

/** @throws CONFIG_INVALID for wrong routes, ranges or TLS files; PORT_IN_USE */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { spec, mesh, telemetry } = options;
  const limits: EdgeLimits = { ...DEFAULT_LIMITS, ...options.limits };
  let routes: RouteTable = routeTable(spec.routes, systemClock);
  const trust = trustedProxies(spec.trustedProxies ?? []);
  const tls = spec.tls && (await readTls(spec.tls));
  const observer = createObserver(telemetry);
  const upstreams = createUpstreams(mesh.directory, limits);
  let state: Edge['state'] = 'ready';

  const gate = gateway({
    directory: mesh.directory,
    dispatcher: mesh.dispatcher,
    upstreams,
    limits,
    telemetry,
    observer,
    identity: { trust, tracer: telemetry.tracer, tenantOf: options.tenantOf },
    headers: tls && spec.hsts !== undefined ? hstsHeader(spec.hsts) : [],
    doors: options.doors ?? {},
    routes: () => routes,
    isReady: () => state === 'ready',
  });
  const host = options.host ?? spec.host ?? DEFAULT_HOST;
  const port = options.port ?? spec.port ?? DEFAULT_PORT;
  const listener = await startListener(gate, { host, port, limits, tls, observer }).catch(async (error) => {
    await upstreams.stop();
    throw error;
  });
  const following = spec.tls && tls && followTls(spec.tls, tls, listener, telemetry);

  let stopped: Promise<void> | undefined;
  async function windDown(timeoutMs: number): Promise<void> {
    state = 'draining';
    await listener.close(timeoutMs);
    following?.[Symbol.dispose]();
    await upstreams.stop();
    state = 'stopped';
  }
  const stop = (timeoutMs = STOP_TIMEOUT_MS): Promise<void> => {
    stopped ??= windDown(timeoutMs);
    return stopped;
  };

  return {
    address: { host, port: listener.port },
    get state() {
      return state;
    },
    reload(next) {
      routes = routeTable(next.routes, systemClock, routes);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Puts each new pair into use, and tells how long the one in use is good. */
function followTls(
  files: TlsFiles,
  first: TlsPair,
  listener: Listener,
  { log, metrics }: Telemetry,
): Disposable {
  let inUse = first;
  const unwatch = watchTls(files, log, (pair) => {
    listener.useTls(pair);
    inUse = pair;
  });
  const expiry = observeCertificate(metrics, systemClock, 'edge', () => inUse.cert);
  return {
    [Symbol.dispose]() {
      unwatch();
      expiry[Symbol.dispose]();
    },
  };
}

function hstsHeader(duration: Duration): string[] {
  return ['strict-transport-security', `max-age=${Math.floor(milliseconds(duration) / 1_000)}`];
}
