/** Which part answers a request, by its path: procedures, then the platform's own, routes, files. */
import type { IncomingMessage } from 'node:http';
import { clientOf, GoblinError } from '@goblin/core';
import type { Admission } from '../admission/admission.ts';
import { answerConnectError, answerProblem } from './answer.ts';
import type { Exchange } from './exchanges.ts';
import type { HttpServerOptions, ServedContract } from './http-server.ts';
import { type PlainRoute, routeAnswerer } from './plain-route.ts';
import { platformEndpoints } from './platform-endpoints.ts';
import { answerProcedure, type Endpoint } from './procedure-endpoint.ts';
import { RouteTable } from './route-table.ts';
import { staticFiles } from './static-files.ts';

/** Answers requests. What is thrown is still to be answered as a problem.
 * @throws CONFIG_INVALID for routes that cannot be */
export function requestRouter(
  options: HttpServerOptions,
  maxBodyBytes: number,
): (exchange: Exchange) => Promise<void> | void {
  const { admission } = options;
  const endpoints = endpointsOf(options.services, admission);
  const contracts = new Set(options.services.map(({ contract }) => contract.name));
  const platform = platformEndpoints(options);
  const routes = routesOf(options.services, admission);
  const answerRoute = routeAnswerer(options.telemetry, maxBodyBytes, admission);
  const files = staticFiles(options.files ?? {});

  return (exchange) => {
    const { request, response } = exchange;
    const [path, query] = splitTarget(request.url!);
    const endpoint = endpoints.get(path);
    if (endpoint) return answerProcedure(endpoint, exchange, query, maxBodyBytes, admission);
    const own = platform.get(path);
    if (own) return own(request, response);
    const match = routes.find(request.method!, path);
    if (match && 'target' in match) return answerRoute(exchange, match.target, match.pattern, match.params);
    if (contracts.has(contractOf(path))) return answerConnectError(response, unknownProcedure(path));
    if (files.covers(path)) return files.answer(exchange, path);
    if (!match) throw new GoblinError('NOT_FOUND', { message: `there is nothing at ${path}` });
    answerProblem(response, wrongMethod(request, path), ['allow', match.allowed.join(', ')]);
  };
}

/** `tax.v1` of `/tax.v1/quote`. */
function contractOf(path: string): string {
  return path.split('/', 2)[1] ?? '';
}

/** A caller with a newer contract asks for what is not here yet: it must not take that for a plain 404. */
function unknownProcedure(path: string): GoblinError {
  const contract = contractOf(path);
  const message = `${contract} has no procedure ${path.slice(contract.length + 2)}`;
  return new GoblinError('UNIMPLEMENTED', { message });
}

/** Path and query of a request target, which may also be a whole URL (RFC 9112, 3.2.2). */
function splitTarget(target: string): [path: string, query: string] {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*\/?/i, '/');
  const at = local.indexOf('?');
  return at === -1 ? [local, ''] : [local.slice(0, at), local.slice(at + 1)];
}

function endpointsOf(
  services: readonly ServedContract[],
  admission: Admission | undefined,
): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const { contract, procedures } of services)
    for (const procedure of Object.values(contract.procedures))
      endpoints.set(procedure.path, { procedure, procedures, pace: admission?.pace() });
  return endpoints;
}

function routesOf(
  services: readonly ServedContract[],
  admission: Admission | undefined,
): RouteTable<PlainRoute> {
  const table = new RouteTable<PlainRoute>();
  for (const { contract, procedures, routes = {} } of services) {
    const client = clientOf(contract, (call) => procedures({ ...call, fromRoute: true }));
    for (const [pattern, handler] of Object.entries(routes))
      table.add(pattern, { service: contract.name, handler, client, pace: admission?.pace() });
  }
  return table;
}

function wrongMethod(request: IncomingMessage, path: string): GoblinError {
  return new GoblinError('METHOD_NOT_ALLOWED', { message: `${path} does not take ${request.method}` });
}
