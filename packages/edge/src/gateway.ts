/** What happens to each request that Node's parser lets through: who calls, what is asked for, which route takes it,
 * and then it is forwarded. Every request ends in one answer, one log line, one span and one measured duration. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { GoblinError, type Telemetry } from '@goblin/core';
import { Exchange } from './exchange.ts';
import { admit, type ForwardParts, forward } from './forward.ts';
import { type IdentityOptions, identify } from './identity.ts';
import type { Observer } from './observer.ts';
import { isReserved, ownAnswer, type SealedDoors } from './own-endpoints.ts';
import { requestTarget } from './request-target.ts';
import type { CompiledRoute, RouteTable } from './route-table.ts';
import type { Tunnel } from './tunnel.ts';
import { upgrade } from './upgrade.ts';

export interface GatewayParts extends ForwardParts {
  readonly identity: IdentityOptions;
  readonly telemetry: Telemetry;
  readonly observer: Observer;
  /** Sent with each answer: HSTS. */
  readonly headers: readonly string[];
  readonly doors: SealedDoors;
  routes(): RouteTable;
  isReady(): boolean;
}

export interface Gateway {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  /** What runs now. */
  readonly exchanges: ReadonlySet<Exchange>;
  readonly tunnels: ReadonlySet<Tunnel>;
}

export function gateway(parts: GatewayParts): Gateway {
  const exchanges = new Set<Exchange>();
  const tunnels = new Set<Tunnel>();
  const { observer } = parts;

  function begin(request: IncomingMessage, response: ServerResponse): Exchange {
    const exchange = new Exchange(request, response, identify(request, parts.identity));
    exchange.extraHeaders.push(...parts.headers);
    if (!parts.isReady()) response.shouldKeepAlive = false;
    // Its end is told by `close`. Without a listener, a piece that comes for an answer just broken off would be fatal.
    response.on('error', () => {});
    exchanges.add(exchange);
    observer.begun(exchange);
    return exchange;
  }

  function end(exchange: Exchange): void {
    if (!exchanges.delete(exchange)) return;
    if (exchange.route) exchange.route.active--;
    exchange.close();
    observer.ended(exchange);
  }

  /** The route of a request that may run; undefined when the edge answers it itself. */
  function routeOf(exchange: Exchange): CompiledRoute | undefined {
    const target = requestTarget(exchange.request);
    exchange.target = target;
    const route = parts.routes().match(target.host, target.path);
    if (isReserved(target.path) && !route?.literal) return undefined;
    if (!route) throw new GoblinError('NOT_FOUND', { message: 'no route takes this host and path' });
    exchange.route = route;
    route.active++;
    admit(exchange, route, parts.limits);
    return route;
  }

  async function answerForEdge(exchange: Exchange): Promise<void> {
    const { isReady, doors, telemetry } = parts;
    const { status, type, body } = await ownAnswer(exchange, {
      isReady,
      doors,
      metrics: telemetry.metrics,
    });
    const bytes = Buffer.from(body);
    exchange.isOwn = true;
    exchange.bytesOut = bytes.length;
    exchange.writeHead(status, ['content-type', type, 'content-length', String(bytes.length)]);
    exchange.end(bytes);
  }

  function fail(exchange: Exchange, thrown: unknown): void {
    if (thrown instanceof GoblinError) {
      exchange.fail(thrown);
      return;
    }
    parts.telemetry.log.error({ err: thrown }, 'the edge failed to handle a request');
    exchange.fail(new GoblinError('INTERNAL', { cause: thrown }));
  }

  async function run(exchange: Exchange, work: (route: CompiledRoute) => Promise<void>): Promise<void> {
    try {
      const route = routeOf(exchange);
      await (route ? work(route) : answerForEdge(exchange));
    } catch (error) {
      fail(exchange, error);
    }
  }

  return {
    exchanges,
    tunnels,
    request(request, response) {
      const exchange = begin(request, response);
      response.on('close', () => end(exchange));
      void run(exchange, (route) => forward(exchange, route, parts));
    },
    upgrade(request, socket, head) {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      const exchange = begin(request, response);
      response.on('finish', () => socket.destroySoon());
      socket.on('error', () => socket.destroy());
      socket.on('close', () => end(exchange));
      void run(exchange, async (route) => {
        const tunnel = await upgrade(exchange, socket, head, route, parts);
        if (!tunnel) return;
        tunnels.add(tunnel);
        observer.tunnels.opened(route.label);
        await tunnel.closed;
        tunnels.delete(tunnel);
        observer.tunnels.closed(route.label, exchange.bytesIn, exchange.bytesOut);
      });
    },
  };
}
