/** A real HTTP server around the probe service, for tests. */
import {
  type Contract,
  type Handlers,
  procedureService,
  type Route,
  type TestTelemetry,
  testTelemetry,
} from '@goblin/core';
import { type HttpServer, type HttpServerOptions, httpServer } from '../http/http-server.ts';
import { type ProbeRecord, probe, probeHandlers } from './transport-cases.ts';

export interface ServedProbe extends AsyncDisposable {
  readonly server: HttpServer;
  /** `http://127.0.0.1:4711` */
  readonly url: string;
  readonly record: ProbeRecord;
  readonly telemetry: TestTelemetry;
}

export interface ProbeOptions extends Partial<Omit<HttpServerOptions, 'services'>> {
  readonly routes?: Readonly<Record<string, Route<typeof probe>>>;
}

export async function serveProbe({ routes, ...options }: ProbeOptions = {}): Promise<ServedProbe> {
  const record: ProbeRecord = { running: 0, made: 0, ended: undefined };
  const telemetry = testTelemetry();
  const procedures = procedureService(probe, probeHandlers(record), telemetry);
  const server = await httpServer({
    host: '127.0.0.1',
    port: 0,
    telemetry,
    services: [{ contract: probe, procedures, ...(routes && { routes }) }],
    readiness: async () => ({}),
    ...options,
  });
  return { ...handle(server), record, telemetry };
}

/** A real HTTP server around any contract. */
export async function serveContract<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
): Promise<
  {
    readonly server: HttpServer;
    readonly url: string;
  } & AsyncDisposable
> {
  const telemetry = testTelemetry();
  const server = await httpServer({
    host: '127.0.0.1',
    port: 0,
    telemetry,
    services: [{ contract, procedures: procedureService(contract, handlers, telemetry) }],
    readiness: async () => ({}),
  });
  return handle(server);
}

function handle(server: HttpServer): { server: HttpServer; url: string } & AsyncDisposable {
  return {
    server,
    url: `http://${server.host}:${server.port}`,
    [Symbol.asyncDispose]: () => server.drain(500),
  };
}
