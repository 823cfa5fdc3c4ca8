/** How services answer: failures and durations, and errors that were never seen before. */
import { FAULTS } from '../../live/traffic.ts';
import type { Rule } from '../alert.ts';
import { defaultRule } from './default-rule.ts';

const RPC = 'rpc_server_call_duration_seconds';
const HTTP = 'http_server_request_duration_seconds';
/** What a plain route calls of its own service is in the request of the route. */
const ALL = `sum by (service) (rate({__name__=~"(${RPC}|${HTTP})_count",caller!="route"}[1m]))`;
const FAILED = `sum by (service) (rate(${RPC}_count{outcome=~"${FAULTS}",caller!="route"}[1m]) or rate(${HTTP}_count{status=~"5.."}[1m]))`;
/** A service that has never failed has no series of failures: its share is 0 and not unknown. */
const SHARE = `100 * (${FAILED} or 0 * ${ALL}) / ${ALL}`;

/** In milliseconds, of services that are called often enough for it to mean something. */
function quantile(q: number, metric: string, matchers = ''): string {
  const times = `1000 * histogram_quantile(${q}, sum by (service, le) (rate(${metric}_bucket${matchers}[1m])))`;
  return `${times} and on (service) sum by (service) (rate(${metric}_count${matchers}[1m])) > 0.2`;
}

export const TRAFFIC_RULES: readonly Rule[] = [
  defaultRule({
    name: 'errors',
    severity: 'page',
    about: 'errors',
    // A single failure is a large share of a few calls.
    expression: `(${SHARE} and on (service) 60 * ${FAILED} >= 5) > 5`,
    for: '30s',
    summary: '{{ service }}: {{ value }} % of its calls fail',
    description:
      'Of what {{ service }} answered within the last minute, so much failed by its own fault, and at least 5 calls. Look at what was changed last, at its newest errors, and at the services that it calls.',
  }),
  defaultRule({
    name: 'latency',
    severity: 'page',
    about: 'latency',
    expression: `(${quantile(0.95, RPC)}) > 2000`,
    for: '1m',
    summary: '{{ service }}: one call of twenty takes {{ value }} ms or longer',
    description:
      'Open a slow trace of {{ service }}: it shows whether the time goes into the service itself, its database, or a service that it calls. Then look at what was changed last, and at how busy its instances are.',
  }),
  defaultRule({
    name: 'http-latency',
    severity: 'ticket',
    about: 'latency',
    // The median: streams, which last as long as their readers stay, are plain routes too.
    expression: `(${quantile(0.5, HTTP, '{status!="101"}')}) > 2000`,
    for: '5m',
    summary: '{{ service }}: half of its HTTP requests take {{ value }} ms or longer',
    description:
      'Open a slow trace of {{ service }}. Where its routes are streams that stay open this is how they are: leave this rule out for it.',
  }),
  {
    name: 'new-error',
    severity: 'ticket',
    condition: { kind: 'firstSeen', matchers: [] },
    forMs: 0,
    keepForMs: 0,
    labels: {},
    summary: '{{ service }}: a new error: {{ title }}',
    description:
      'This error was not seen before, or came back after it was resolved. Its page shows traces, and the version it came with. Resolve or ignore it there.',
    source: 'default',
  },
];
