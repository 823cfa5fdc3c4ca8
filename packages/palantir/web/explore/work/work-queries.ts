/** What metrics tell of work: each table is rows by some labels, and a number of PromQL for each column. */
import type { Unit } from '../parts/units.ts';

export interface WorkColumn {
  readonly name: string;
  readonly query: string;
  readonly unit: Unit;
  /** Above it something is wrong. */
  readonly badAbove?: number;
  readonly isExtra?: boolean;
}

export interface WorkTable {
  readonly title: string;
  readonly about: string;
  /** The labels that tell rows apart. */
  readonly by: readonly string[];
  readonly columns: readonly WorkColumn[];
  /** What is drawn over time. */
  readonly chart?: { readonly title: string; readonly query: string; readonly unit: Unit };
}

const quantile = (q: number, metric: string, by: string): string =>
  `histogram_quantile(${q}, sum by (${by}, le) (rate(${metric}_bucket[5m])))`;

/** Of values that each process tells for the whole service the largest counts, of those of its own the sum. */
export const WORK_TABLES: readonly WorkTable[] = [
  {
    title: 'Tasks',
    about: 'Durable work to be done once.',
    by: ['kind'],
    columns: [
      { name: 'Ready', query: 'max by (kind) (task_ready)', unit: 'number' },
      { name: 'Oldest', query: 'max by (kind) (task_oldest_seconds)', unit: 'seconds', badAbove: 300 },
      { name: 'Running', query: 'sum by (kind) (task_running)', unit: 'number' },
      { name: 'Delayed', query: 'max by (kind) (task_delayed)', unit: 'number', isExtra: true },
      { name: 'Dead', query: 'max by (kind) (task_dead)', unit: 'number', badAbove: 0 },
      {
        name: 'Done',
        query: 'sum by (kind) (rate(task_attempts_total{outcome="done"}[5m]))',
        unit: 'perSecond',
      },
      {
        name: 'Tried again',
        query: 'sum by (kind) (rate(task_attempts_total{outcome=~"retried|dead"}[5m]))',
        unit: 'perSecond',
        badAbove: 0.1,
        isExtra: true,
      },
      {
        name: 'Run p95',
        query: quantile(0.95, 'task_run_duration_seconds', 'kind'),
        unit: 'seconds',
        isExtra: true,
      },
      {
        name: 'Wait p95',
        query: quantile(0.95, 'task_wait_duration_seconds', 'kind'),
        unit: 'seconds',
        isExtra: true,
      },
    ],
    chart: { title: 'Tasks that wait', query: 'max by (kind) (task_ready)', unit: 'number' },
  },
  {
    title: 'Events',
    about: 'Facts told to whoever listens.',
    by: ['type', 'group'],
    columns: [
      {
        name: 'Delivered',
        query: 'sum by (type, group) (rate(event_delivery_duration_seconds_count[5m]))',
        unit: 'perSecond',
      },
      {
        name: 'p95',
        query: quantile(0.95, 'event_delivery_duration_seconds', 'type, group'),
        unit: 'seconds',
      },
      {
        name: 'Failures',
        query: 'sum by (type, group) (rate(event_handler_failures_total[5m]))',
        unit: 'perSecond',
        badAbove: 0,
      },
      { name: 'Parked', query: 'max by (type, group) (event_parked)', unit: 'number', badAbove: 0 },
      {
        name: 'Blocked, tries',
        query: 'max by (type, group) (event_blocked_attempts)',
        unit: 'number',
        badAbove: 0,
        isExtra: true,
      },
    ],
  },
  {
    title: 'Mail, by state',
    about: 'What is not settled yet.',
    by: ['state'],
    columns: [{ name: 'Mails', query: 'max by (state) (mail_messages)', unit: 'number' }],
    chart: { title: 'Oldest mail to be sent', query: 'max(mail_queue_age_seconds)', unit: 'seconds' },
  },
  {
    title: 'Mail, by route',
    about: 'The ways that mails go.',
    by: ['route'],
    columns: [
      { name: 'Health', query: 'min by (route) (mail_route_health)', unit: 'share' },
      { name: 'Avoided', query: 'max by (route) (mail_route_open)', unit: 'number', badAbove: 0 },
      {
        name: 'Accepted',
        query: 'sum by (route) (rate(mail_attempts_total{outcome="accepted"}[5m]))',
        unit: 'perSecond',
      },
      {
        name: 'Not accepted',
        query: 'sum by (route) (rate(mail_attempts_total{outcome!="accepted"}[5m]))',
        unit: 'perSecond',
        badAbove: 0,
      },
      {
        name: 'p95',
        query: quantile(0.95, 'mail_attempt_duration_seconds', 'route'),
        unit: 'seconds',
        isExtra: true,
      },
    ],
  },
  {
    title: 'Schedules',
    about: 'Work that comes by the clock.',
    by: ['schedule'],
    columns: [
      {
        name: 'Runs, last day',
        query: 'sum by (schedule) (increase(schedule_fires_total[1d]))',
        unit: 'number',
      },
      {
        name: 'Missed, last day',
        query: 'sum by (schedule) (increase(schedule_missed_total[1d]))',
        unit: 'number',
        badAbove: 0,
      },
      {
        name: 'Late, p95',
        query: quantile(0.95, 'schedule_lateness_seconds', 'schedule'),
        unit: 'seconds',
        badAbove: 60,
      },
    ],
  },
  {
    title: 'Links to other sites',
    about: 'Events that come and go by NATS.',
    by: ['bus', 'stream'],
    columns: [
      {
        name: 'Waiting for',
        query: 'max by (bus, stream) (event_link_seconds)',
        unit: 'seconds',
        badAbove: 300,
      },
      { name: 'To receive', query: 'max by (bus, stream) (event_link_pending)', unit: 'number' },
      {
        name: 'Forwarded',
        query: 'sum by (bus, stream) (rate(event_link_forwarded_total[5m]))',
        unit: 'perSecond',
      },
      {
        name: 'Missed',
        query: 'sum by (bus, stream) (event_link_missed_total)',
        unit: 'number',
        badAbove: 0,
      },
    ],
  },
  {
    title: 'Audit',
    about: 'The trail of who did what, chained and signed.',
    by: ['db_namespace'],
    columns: [
      { name: 'Chained', query: 'sum by (db_namespace) (rate(audit_chained_total[5m]))', unit: 'perSecond' },
      {
        name: 'Oldest unchained',
        query: 'max by (db_namespace) (audit_oldest_unchained_seconds)',
        unit: 'seconds',
        badAbove: 60,
      },
      {
        name: 'Failures, last day',
        query: 'sum by (db_namespace) (increase(audit_chain_failures_total[1d]))',
        unit: 'number',
        badAbove: 0,
      },
    ],
  },
];
