import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createErrorGroups } from '../errors/error-groups.ts';
import type { Labels, Sample } from '../model.ts';
import { parse } from '../query/promql/parser.ts';
import { openState } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { logLine, NOON_MS, noonClock } from '../store/fixtures/telemetry.ts';
import { contentOf } from './alert-content.ts';
import { compileCondition } from './conditions/compile.ts';
import type { Finding } from './conditions/condition.ts';
import { DEFAULT_RULES } from './default-rules.ts';
import { checkRule } from './rule-check.ts';
import { testSource, wave } from './testing/series-source.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

const gauge = (name: string, value: number, labels: Labels = {}): Sample[] =>
  wave({ __name__: name, service: 'tax', instance: 'tax-1', ...labels }, NOON_MS, HOUR, () => value);
const counter = (name: string, perSecond: number, labels: Labels = {}): Sample[] =>
  wave(
    { __name__: name, service: 'tax', instance: 'tax-1', ...labels },
    NOON_MS,
    HOUR,
    (beforeMs) => ((HOUR - beforeMs) / 1_000) * perSecond,
  );
/** So often within the last 10 minutes, evenly, and never before. */
const recent = (name: string, times: number, labels: Labels = {}): Sample[] =>
  wave({ __name__: name, service: 'tax', ...labels }, NOON_MS, HOUR, (beforeMs) =>
    Math.floor(Math.max(0, times * (1 - beforeMs / (10 * MINUTE)))),
  );

const RPC = 'rpc_server_call_duration_seconds';
const HTTP = 'http_server_request_duration_seconds';
const BOUNDS = [0.1, 1, 2.5, 5, 10];

/** So many calls per second, that all take so long. */
function calls(metric: string, perSecond: number, seconds: number, labels: Labels = {}): Sample[] {
  return [
    ...counter(`${metric}_count`, perSecond, labels),
    ...counter(`${metric}_bucket`, perSecond, { ...labels, le: '+Inf' }),
    ...BOUNDS.flatMap((bound) =>
      counter(`${metric}_bucket`, seconds <= bound ? perSecond : 0, { ...labels, le: String(bound) }),
    ),
  ];
}

const answered = (perSecond: number, outcome: string): Sample[] =>
  counter(`${RPC}_count`, perSecond, { procedure: 'rate', outcome });
const swarm = (ready: number, wanted: number): Sample[] => [
  ...gauge('palantir_service_ready', ready),
  ...gauge('palantir_service_wanted', wanted),
];
const mails = (accepted: number, declined: number): Sample[] => [
  ...counter('mail_attempts_total', accepted, { outcome: 'accepted' }),
  ...counter('mail_attempts_total', declined, { outcome: 'declined' }),
];
const open = (a: number, b: number): Sample[] => [
  ...gauge('mail_route_open', 0, { instance: 'tax-2', route: 'a' }),
  ...gauge('mail_route_open', a, { route: 'a' }),
  ...gauge('mail_route_open', b, { route: 'b' }),
];

/** Each rule with samples that raise it, what it says then, and samples that are near it and do not. */
const CASES: Readonly<Record<string, { bad: Sample[]; says: string; good: Sample[][] }>> = {
  errors: {
    bad: [...answered(9, 'ok'), ...answered(1, 'UNAVAILABLE')],
    says: 'tax: 10 % of its calls fail',
    good: [
      [...answered(9, 'ok'), ...answered(1, 'NOT_FOUND')],
      [...answered(9, 'ok'), ...answered(1, 'CARD_DECLINED')],
      [...answered(99, 'ok'), ...answered(4, 'INTERNAL')],
      // Two failures in a minute are not many, whatever share they are.
      [...answered(0.05, 'ok'), ...answered(0.033, 'INTERNAL')],
      answered(9, 'ok'),
      counter(`${HTTP}_count`, 5, { status: '404' }),
    ],
  },
  'database-hangs': {
    bad: [...gauge('db_client_stalled_seconds', 14), ...gauge('db_client_stalled_ratio', 1)],
    says: 'tax: its database has kept statements waiting for 14 s',
    good: [[...gauge('db_client_stalled_seconds', 14), ...gauge('db_client_stalled_ratio', 0.01)]],
  },
  latency: {
    bad: calls(RPC, 2, 4),
    says: 'tax: one call of twenty takes 4875 ms or longer',
    good: [
      calls(RPC, 2, 0.9),
      calls(RPC, 0.1, 4),
      [...calls(RPC, 97, 0.05, { procedure: 'a' }), ...calls(RPC, 3, 4, { procedure: 'b' })],
    ],
  },
  'http-latency': {
    bad: calls(HTTP, 2, 4, { status: '200' }),
    says: 'tax: half of its HTTP requests take 3750 ms or longer',
    good: [
      calls(HTTP, 2, 0.05, { status: '200' }),
      [...calls(HTTP, 6, 0.05, { status: '200' }), ...calls(HTTP, 4, 9, { status: '200', route: '/live' })],
      calls(HTTP, 2, 9, { status: '101' }),
    ],
  },
  'service-down': {
    bad: swarm(0, 2),
    says: 'tax is down: none of its instances is ready',
    good: [swarm(1, 2), swarm(0, 0), swarm(2, 2)],
  },
  'instances-missing': {
    bad: swarm(1, 3),
    says: 'tax: 2 of its instances are not ready',
    // That it is wholly down is told by the other rule.
    good: [swarm(3, 3), swarm(0, 3), swarm(3, 2)],
  },
  restarts: {
    bad: recent('palantir_service_restarts_total', 5),
    says: 'tax was started again 5 times within 10 minutes',
    good: [recent('palantir_service_restarts_total', 3), gauge('palantir_service_restarts_total', 400)],
  },
  'node-unseen': {
    bad: gauge('palantir_node_seen_seconds', 45, { node: 'n1' }),
    says: 'Node n1 was not heard of for 45 s',
    good: [gauge('palantir_node_seen_seconds', 6, { node: 'n1' })],
  },
  'telemetry-missing': {
    bad: [
      ...swarm(2, 2),
      ...wave(
        { __name__: 'process_start_time_seconds', service: 'tax' },
        NOON_MS - 10 * MINUTE,
        HOUR,
        () => 1,
      ),
    ],
    says: 'tax runs, and its metrics no longer come',
    good: [
      [...swarm(2, 2), ...gauge('process_start_time_seconds', 1)],
      swarm(2, 2),
      wave({ __name__: 'process_start_time_seconds', service: 'tax' }, NOON_MS - 10 * MINUTE, HOUR, () => 1),
    ],
  },
  'event-loop': {
    bad: gauge('nodejs_eventloop_utilization_ratio', 0.97),
    says: 'tax: the event loop of tax-1 is busy for 97 % of the time',
    good: [gauge('nodejs_eventloop_utilization_ratio', 0.85)],
  },
  heap: {
    bad: [...gauge('v8js_memory_heap_used_bytes', 95), ...gauge('v8js_memory_heap_limit_bytes', 100)],
    says: 'tax: the heap of tax-1 is 95 % full',
    good: [[...gauge('v8js_memory_heap_used_bytes', 60), ...gauge('v8js_memory_heap_limit_bytes', 100)]],
  },
  refusals: {
    bad: counter('admission_refused_total', 0.5, { priority: 'user', reason: 'queue_full' }),
    says: 'tax refuses 30 calls per minute because it is overloaded',
    good: [
      counter('admission_refused_total', 0.5, { priority: 'batch', reason: 'queue_full' }),
      counter('admission_refused_total', 0.5, { priority: 'user', reason: 'canceled' }),
      counter('admission_refused_total', 0.1, { priority: 'user', reason: 'waited' }),
    ],
  },
  'disk-full': {
    bad: gauge('node_disk_free_ratio', 0.01, { node: 'n1', mountpoint: '/' }),
    says: 'Node n1: / has 1 % left',
    good: [gauge('node_disk_free_ratio', 0.05, { node: 'n1', mountpoint: '/' })],
  },
  disk: {
    bad: gauge('node_disk_free_ratio', 0.08, { node: 'n1', mountpoint: '/' }),
    says: 'Node n1: / has 8 % left',
    good: [gauge('node_disk_free_ratio', 0.12, { node: 'n1', mountpoint: '/' })],
  },
  'task-queue': {
    bad: gauge('task_oldest_seconds', 1_200, { kind: 'pay' }),
    says: 'tax: the oldest task pay has waited for 1200 s',
    good: [gauge('task_oldest_seconds', 60, { kind: 'pay' })],
  },
  'dead-tasks': {
    bad: gauge('task_dead', 3, { kind: 'pay' }),
    says: 'tax: 3 tasks pay have failed for good',
    good: [gauge('task_dead', 0, { kind: 'pay' })],
  },
  'schedule-missed': {
    bad: recent('schedule_missed_total', 2, { schedule: 'nightly' }),
    says: 'tax: the schedule nightly has missed 2 runs within an hour',
    good: [gauge('schedule_missed_total', 7, { schedule: 'nightly' })],
  },
  'events-blocked': {
    bad: gauge('event_blocked_attempts', 6, { type: 'paid', group: 'mail' }),
    says: 'tax: mail cannot handle an event paid, tried 6 times',
    good: [gauge('event_blocked_attempts', 2, { type: 'paid', group: 'mail' })],
  },
  'events-parked': {
    bad: gauge('event_parked', 4, { type: 'paid', group: 'mail' }),
    says: 'tax: 4 events paid for mail are parked',
    good: [gauge('event_parked', 0, { type: 'paid', group: 'mail' })],
  },
  'event-link-blocked': {
    bad: gauge('event_link_blocked_attempts', 9, { bus: 'nats', stream: 'eu' }),
    says: 'tax: the stream eu is stuck, tried 9 times',
    good: [gauge('event_link_blocked_attempts', 1, { bus: 'nats', stream: 'eu' })],
  },
  'mail-stopped': {
    bad: open(1, 1),
    says: 'tax: no mail goes out: every route fails',
    good: [open(1, 0), open(0, 0)],
  },
  'mail-route': {
    bad: open(0, 1),
    says: 'tax: mail does not go by b',
    good: [open(0, 0)],
  },
  'mail-failures': {
    bad: mails(0.1, 0.1),
    says: 'tax: 50 % of the attempts to send mail fail',
    good: [mails(0.1, 0.01), mails(0, 0.003), counter('mail_attempts_total', 1, { outcome: 'refused' })],
  },
  'mail-queue': {
    bad: gauge('mail_queue_age_seconds', 1_800),
    says: 'tax: a mail has waited for 1800 s',
    good: [gauge('mail_queue_age_seconds', 30)],
  },
  'backup-age': {
    bad: gauge('backup_age_seconds', 30 * 3_600),
    says: 'The last good backup is 30 hours old',
    good: [gauge('backup_age_seconds', 24 * 3_600)],
  },
  'backup-behind': {
    bad: gauge('backup_rpo_seconds', 3_600),
    says: '60 minutes of data would be lost if the machine were lost now',
    good: [gauge('backup_rpo_seconds', 300)],
  },
  'certificate-expired': {
    bad: gauge('tls_certificate_expires_seconds', 86_400),
    says: 'tax: a certificate expires in 1 days',
    good: [gauge('tls_certificate_expires_seconds', 5 * 86_400)],
  },
  certificate: {
    bad: gauge('tls_certificate_expires_seconds', 7 * 86_400),
    says: 'tax: a certificate expires in 7 days',
    good: [gauge('tls_certificate_expires_seconds', 60 * 86_400)],
  },
  'audit-chain': {
    bad: gauge('audit_oldest_unchained_seconds', 900, { db_namespace: 'tax' }),
    says: 'tax: entries of the audit trail have waited for their chain for 900 s',
    good: [gauge('audit_oldest_unchained_seconds', 5, { db_namespace: 'tax' })],
  },
  'audit-chain-failures': {
    bad: recent('audit_chain_failures_total', 4),
    says: 'tax: the audit trail could not be chained 4 times within 10 minutes',
    good: [recent('audit_chain_failures_total', 1)],
  },
  'telemetry-rejected': {
    bad: counter('telemetry_rejected_total', 5, { format: 'otlp-logs-json' }),
    says: '300 items of telemetry per minute are refused (otlp-logs-json)',
    good: [counter('telemetry_rejected_total', 0.1, { format: 'otlp-logs-json' })],
  },
  'series-refused': {
    bad: recent('metrics_series_refused_total', 9, { metric: 'orders_total' }),
    says: 'tax: the metric orders_total has more series than it may have',
    good: [gauge('metrics_series_refused_total', 9, { metric: 'orders_total' })],
  },
  'background-failures': {
    bad: recent('background_failures_total', 8, { loop: 'outbox' }),
    says: 'tax: the background loop outbox failed 8 times within 10 minutes',
    good: [recent('background_failures_total', 2, { loop: 'outbox' })],
  },
  'settings-mistakes': {
    bad: gauge('settings_mistakes', 3),
    says: 'The settings of Palantir have 3 mistakes',
    good: [gauge('settings_mistakes', 0)],
  },
  'rules-failing': {
    bad: recent('alert_rule_failures_total', 50, { rule: 'mine' }),
    says: 'The rule mine cannot be evaluated',
    good: [recent('alert_rule_failures_total', 3, { rule: 'mine' })],
  },
};

const NO_LOGS = { searchLogs: async function* () {}, logCounts: async () => [] };

async function findings(name: string, samples: readonly Sample[]): Promise<readonly Finding[]> {
  const { condition } = DEFAULT_RULES.find((rule) => rule.name === name)!;
  const compiled = compileCondition(condition, {
    ...{ metrics: testSource(samples), logs: NO_LOGS, errors: { newSince: () => [] } },
  });
  return (await compiled.read(NOON_MS, new AbortController().signal)).findings;
}

for (const [name, { bad, says, good }] of Object.entries(CASES)) {
  test(`the default rule ${name} is raised by what it is for, in words, and not by what is near it`, async () => {
    const rule = DEFAULT_RULES.find((one) => one.name === name)!;
    const found = await findings(name, bad);
    assert.deepEqual(
      found.map((finding) => contentOf(rule, finding).summary),
      [says],
    );
    assert.doesNotMatch(contentOf(rule, found[0]!).description!, /\{\{|^$/);
    for (const [i, samples] of good.entries())
      assert.deepEqual(await findings(name, samples), [], `good ${i}`);
    assert.deepEqual(await findings(name, []), []);
  });
}

test('a service that failed before it was started again is known to be well, not unknown', async () => {
  const { condition } = DEFAULT_RULES.find(({ name }) => name === 'errors')!;
  const sources = { metrics: testSource(answered(9, 'ok')), logs: NO_LOGS, errors: { newSince: () => [] } };
  const reading = await compileCondition(condition, sources).read(NOON_MS, new AbortController().signal);
  assert.ok(reading.known!.some(({ service }) => service === 'tax'));
});

test('the default rule new-error is raised by an error that was never seen', async () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  using errors = createErrorGroups({ state, clock: noonClock() });
  const attributes = { 'err.type': 'TypeError', 'err.message': 'x is not a function' };
  errors.take([logLine(NOON_MS, 'charge failed', { severity: 17, service: 'tax', attributes })]);
  const rule = DEFAULT_RULES.find(({ name }) => name === 'new-error')!;
  const compiled = compileCondition(rule.condition, { metrics: testSource(), logs: NO_LOGS, errors });
  const { findings } = await compiled.read(NOON_MS, new AbortController().signal);
  assert.equal(contentOf(rule, findings[0]!).summary, 'tax: a new error: TypeError: x is not a function');
});

test('each default rule has a case here, sound PromQL, a name of its own, and words', () => {
  assert.deepEqual(
    DEFAULT_RULES.map(({ name }) => name)
      .filter((name) => name !== 'new-error')
      .sort(),
    Object.keys(CASES).sort(),
  );
  for (const rule of DEFAULT_RULES) {
    checkRule(rule);
    const { condition, description = '', source } = rule;
    if (condition.kind === 'threshold') parse(condition.expression);
    assert.ok(description.length > 30 && description.endsWith('.'), rule.name);
    assert.equal(source, 'default');
  }
});
