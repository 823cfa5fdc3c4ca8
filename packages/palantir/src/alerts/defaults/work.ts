/** Work that waits, fails or is given up: statements of the database, tasks, schedules, events, mail. */
import type { Rule } from '../alert.ts';
import { defaultRule } from './default-rule.ts';

const MAILS = (outcomes: string): string => `sum by (service) (rate(mail_attempts_total${outcomes}[10m]))`;
const MAILS_FAILED = MAILS('{outcome=~"declined|unknown"}');

export const WORK_RULES: readonly Rule[] = [
  defaultRule({
    name: 'database-hangs',
    severity: 'page',
    about: 'work',
    // One long statement beside many others that end is no hang.
    expression: 'max by (service) (db_client_stalled_seconds and db_client_stalled_ratio > 0.05) > 5',
    for: '5s',
    summary: '{{ service }}: its database has kept statements waiting for {{ value }} s',
    description:
      'The database does not answer, or something holds a lock that all wait for. Look at what it runs with goblin db psql (pg_stat_activity, pg_locks), at its disk, and at what was changed last.',
  }),
  defaultRule({
    name: 'task-queue',
    severity: 'ticket',
    about: 'work',
    expression: 'max by (service, kind) (task_oldest_seconds) > 600',
    for: '1m',
    summary: '{{ service }}: the oldest task {{ kind }} has waited for {{ value }} s',
    description:
      'Workers are too few, too slow, or none runs. Look at how many are running and how long each takes, and whether they fail and are tried again.',
  }),
  defaultRule({
    name: 'dead-tasks',
    severity: 'ticket',
    about: 'work',
    expression: 'max by (service, kind) (task_dead) > 0',
    summary: '{{ service }}: {{ value }} tasks {{ kind }} have failed for good',
    description:
      'They are not tried again by themselves. See why with goblin tasks, repair it, and replay them.',
  }),
  defaultRule({
    name: 'schedule-missed',
    severity: 'ticket',
    about: 'work',
    expression: 'round(sum by (service, schedule) (increase(schedule_missed_total[1h]))) > 0',
    noData: 'ok',
    summary: '{{ service }}: the schedule {{ schedule }} has missed {{ value }} runs within an hour',
    description: 'No process took them in time. Look whether the service ran, and its log.',
  }),
  defaultRule({
    name: 'events-blocked',
    severity: 'ticket',
    about: 'work',
    expression: 'max by (service, type, group) (event_blocked_attempts) > 3',
    for: '30s',
    summary: '{{ service }}: {{ group }} cannot handle an event {{ type }}, tried {{ value }} times',
    description:
      'Events behind it wait until it succeeds or is parked, which is after about 5 minutes. The error is in the log of the service.',
  }),
  defaultRule({
    name: 'events-parked',
    severity: 'ticket',
    about: 'work',
    expression: 'max by (service, type, group) (event_parked) > 0',
    summary: '{{ service }}: {{ value }} events {{ type }} for {{ group }} are parked',
    description:
      'Their handler has failed too often; other events go on. Repair it and release them with goblin events.',
  }),
  defaultRule({
    name: 'event-link-blocked',
    severity: 'ticket',
    about: 'work',
    expression: 'max by (service, bus, stream) (event_link_blocked_attempts) > 3',
    for: '1m',
    summary: '{{ service }}: the stream {{ stream }} is stuck, tried {{ value }} times',
    description:
      'Events do not travel between sites; they wait in the database. Look at the connection to NATS.',
  }),
  defaultRule({
    name: 'mail-stopped',
    severity: 'page',
    about: 'mail',
    // An instance that has sent nothing does not know yet.
    expression: 'min by (service) (max by (service, route) (mail_route_open)) > 0',
    for: '30s',
    summary: '{{ service }}: no mail goes out: every route fails',
    description:
      'Mails wait and are sent when a route works again; none is lost. Look at the status pages of the providers, and whether credentials have expired.',
  }),
  defaultRule({
    name: 'mail-route',
    severity: 'ticket',
    about: 'mail',
    expression: 'max by (service, route) (mail_route_open) > 0',
    for: '5m',
    summary: '{{ service }}: mail does not go by {{ route }}',
    description: 'It fails again and again and is left out. Mails go by other routes, where there are any.',
  }),
  defaultRule({
    name: 'mail-failures',
    severity: 'ticket',
    about: 'mail',
    expression: `(100 * (${MAILS_FAILED} or 0 * ${MAILS('')}) / ${MAILS('')} and on (service) 600 * ${MAILS_FAILED} >= 5) > 20`,
    for: '1m',
    summary: '{{ service }}: {{ value }} % of the attempts to send mail fail',
    description:
      'Attempts of the last 10 minutes, at least 5 of them. goblin mail shows what the routes say.',
  }),
  defaultRule({
    name: 'mail-queue',
    severity: 'ticket',
    about: 'mail',
    expression: 'max by (service) (mail_queue_age_seconds) > 900',
    for: '1m',
    summary: '{{ service }}: a mail has waited for {{ value }} s',
    description: 'No worker sends, or the routes do not keep up. Look at goblin mail.',
  }),
];
