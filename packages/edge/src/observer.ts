/** What the edge says of each request: a server span, a duration, and one log line when the answer has ended (at debug
 * for questions about the edge itself, which come all day). Queries are not logged: they hold tokens and names. */
import { context, type Histogram, type Telemetry } from '@goblin/core';
import type { Exchange } from './exchange.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
export const NO_ROUTE = '(none)';

export interface Observer {
  begun(exchange: Exchange): void;
  ended(exchange: Exchange): void;
  /** Bytes that were no request. */
  malformed(code: string): void;
  readonly tunnels: {
    opened(route: string): void;
    closed(route: string, bytesIn: number, bytesOut: number): void;
  };
}

export function observer(telemetry: Telemetry): Observer {
  const { log, metrics } = telemetry;
  const durations = metrics.histogram('http_server_request_duration_seconds', {
    help: 'From the head of a request to the last byte of its answer, as the edge saw it.',
    labels: ['method', 'route', 'status', 'to'],
  });
  const active = metrics
    .gauge('http_server_active_requests', { help: 'Requests that the edge is answering now.' })
    .with();
  const refused = metrics.counter('http_server_malformed_requests_total', {
    help: 'Connections that sent something that is not HTTP, or too slowly.',
    labels: ['code'],
  });
  const tunnels = metrics.gauge('edge_websockets_active', {
    help: 'WebSockets open through the edge.',
    labels: ['route'],
  });
  const tunnelBytes = metrics.counter('edge_websocket_bytes_total', {
    help: 'Bytes that went through WebSockets, by direction as the client sees it.',
    labels: ['route', 'direction'],
  });
  const series = new Map<string, Histogram>();

  function duration(method: string, route: string, status: number, to: string): Histogram {
    const key = `${method} ${route} ${status} ${to}`;
    let histogram = series.get(key);
    if (!histogram) {
      histogram = durations.with(method, route, String(status), to);
      series.set(key, histogram);
    }
    return histogram;
  }

  return {
    begun: () => active.add(1),
    ended(exchange) {
      const { request, span, status, to, peer, failure } = exchange;
      const method = request.method ?? '';
      const route = exchange.route?.label ?? NO_ROUTE;
      const ms = performance.now() - exchange.startedMs;
      active.add(-1);
      if (exchange.route) span.rename(`${method} ${route}`);
      span.set('http.request.method', method);
      span.set('http.route', route);
      span.set('http.response.status_code', status);
      if (peer !== '') span.set('peer.instance', peer);
      if (exchange.attempts > 1) span.set('http.request.attempts', exchange.attempts);
      if (failure && status >= 500) span.fail(failure);
      const line = {
        method,
        path: exchange.target?.path ?? '',
        route,
        to,
        peer,
        status,
        ms: Math.round(ms * 100) / 100,
        bytesIn: exchange.bytesIn,
        bytesOut: exchange.bytesOut,
        client: exchange.caller.address,
        ...(exchange.attempts > 1 && { attempts: exchange.attempts }),
        ...(failure && { code: failure.code, reason: failure.message }),
      };
      context.enter(exchange.values, () => {
        duration(METHODS.has(method) ? method : '_OTHER', route, status, to).record(ms / 1_000);
        const level = exchange.isOwn ? 'debug' : 'info';
        log[level](line, `${method} ${line.path} ${status}`);
      });
      span.end();
    },
    malformed: (code) => refused.with(code).add(),
    tunnels: {
      opened: (route) => tunnels.with(route).add(1),
      closed(route, bytesIn, bytesOut) {
        tunnels.with(route).add(-1);
        tunnelBytes.with(route, 'in').add(bytesIn);
        tunnelBytes.with(route, 'out').add(bytesOut);
      },
    },
  };
}
