/** What runs: services that are down or come and go, nodes, and how busy instances are. */
import type { Rule } from '../alert.ts';
import { defaultRule } from './default-rule.ts';

const READY = 'palantir_service_ready';
const WANTED = 'palantir_service_wanted';
const ALIVE = 'process_start_time_seconds';

export const SWARM_RULES: readonly Rule[] = [
  defaultRule({
    name: 'service-down',
    severity: 'page',
    about: 'down',
    expression: `${READY} == 0 and on (service) ${WANTED} > 0`,
    for: '15s',
    keepFor: '30s',
    summary: '{{ service }} is down: none of its instances is ready',
    description:
      'Look at the last lines of its log, where it says why it ended or does not get ready, and at what was changed last. A rollback helps when a release is at fault.',
  }),
  defaultRule({
    name: 'instances-missing',
    severity: 'ticket',
    about: 'down',
    expression: `(${WANTED} - ${READY} and on (service) ${READY} > 0) > 0`,
    for: '5m',
    summary: '{{ service }}: {{ value }} of its instances are not ready',
    description:
      'It is served by fewer instances than wanted for 5 minutes. The swarm shows which, and what is wrong with them.',
  }),
  defaultRule({
    name: 'restarts',
    severity: 'ticket',
    about: 'restarts',
    expression: 'round(increase(palantir_service_restarts_total[10m])) > 3',
    summary: '{{ service }} was started again {{ value }} times within 10 minutes',
    description:
      'Its instances end by themselves. The last lines before each start say why; look at their memory too: what the system kills for its memory says nothing.',
  }),
  defaultRule({
    name: 'node-unseen',
    severity: 'page',
    about: 'node',
    expression: 'palantir_node_seen_seconds > 30',
    keepFor: '15s',
    noData: 'ok',
    summary: 'Node {{ node }} was not heard of for {{ value }} s',
    description:
      'It is down, cut off, or its agent is. Alerts of its instances are muted meanwhile. Look whether it can be reached.',
  }),
  defaultRule({
    name: 'telemetry-missing',
    severity: 'ticket',
    about: 'telemetry',
    expression: `(count by (service) (last_over_time(${ALIVE}[1h])) unless on (service) count by (service) (${ALIVE}) and on (service) ${READY} > 0) > 0`,
    for: '2m',
    noData: 'ok',
    summary: '{{ service }} runs, and its metrics no longer come',
    description:
      'Nobody would be told if it failed. Look whether its /metrics can be read, or its exporter reaches Palantir, and at the rejected telemetry.',
  }),
  defaultRule({
    name: 'event-loop',
    severity: 'ticket',
    about: 'saturation',
    expression: '100 * max by (service, instance) (nodejs_eventloop_utilization_ratio) > 90',
    for: '5m',
    noData: 'ok',
    summary: '{{ service }}: the event loop of {{ instance }} is busy for {{ value }} % of the time',
    description:
      'Everything that this instance does waits for its turn. More instances help; a CPU profile shows what takes the time.',
  }),
  defaultRule({
    name: 'heap',
    severity: 'ticket',
    about: 'saturation',
    expression:
      '100 * max by (service, instance) (v8js_memory_heap_used_bytes / v8js_memory_heap_limit_bytes) > 90',
    for: '5m',
    noData: 'ok',
    summary: '{{ service }}: the heap of {{ instance }} is {{ value }} % full',
    description:
      'The process dies when it is full. If it has grown for hours something is held that should not be: a heap snapshot shows what.',
  }),
  defaultRule({
    name: 'refusals',
    severity: 'page',
    about: 'saturation',
    // Batch work is refused first, and comes back later by itself.
    expression:
      '60 * sum by (service) (rate(admission_refused_total{priority!="batch",reason=~"queue_full|waited|loop_late"}[1m])) > 10',
    for: '1m',
    noData: 'ok',
    summary: '{{ service }} refuses {{ value }} calls per minute because it is overloaded',
    description:
      'More comes in than it can do. Look at who calls so much more than usual, and at what became slower below it; more instances help where the machine has room.',
  }),
  defaultRule({
    name: 'disk-full',
    severity: 'page',
    about: 'disk',
    expression: '100 * min by (node, mountpoint) (node_disk_free_ratio) < 3',
    for: '1m',
    summary: 'Node {{ node }}: {{ mountpoint }} has {{ value }} % left',
    description:
      'When it is full databases stop. Free something now: old artifacts, images and logs first; then find out what has grown.',
  }),
  defaultRule({
    name: 'disk',
    severity: 'ticket',
    about: 'disk',
    expression: '100 * min by (node, mountpoint) (node_disk_free_ratio) < 10',
    for: '5m',
    summary: 'Node {{ node }}: {{ mountpoint }} has {{ value }} % left',
    description: 'Find out what grows, and make room before it is urgent.',
  }),
];
