/** What must not be forgotten: backups, certificates, the audit trail, and telemetry itself. */
import type { Rule } from '../alert.ts';
import { defaultRule } from './default-rule.ts';

export const PLATFORM_RULES: readonly Rule[] = [
  defaultRule({
    name: 'backup-age',
    severity: 'ticket',
    about: 'backup',
    expression: 'max by (service) (backup_age_seconds) / 3600 > 26',
    for: '5m',
    summary: 'The last good backup is {{ value }} hours old',
    description:
      'A backup counts once it was restored and found good. The log of {{ service }} says what failed.',
  }),
  defaultRule({
    name: 'backup-behind',
    severity: 'page',
    about: 'backup',
    expression: 'max by (service) (backup_rpo_seconds) / 60 > 30',
    for: '5m',
    summary: '{{ value }} minutes of data would be lost if the machine were lost now',
    description:
      'The log of the database does not reach the store of backups. Look whether the store can be reached and has room; the log of {{ service }} says.',
  }),
  defaultRule({
    name: 'certificate-expired',
    severity: 'page',
    about: 'certificate',
    // How long it is still good.
    expression: 'min without (instance) (tls_certificate_expires_seconds) / 86400 < 2',
    noData: 'ok',
    summary: '{{ service }}: a certificate expires in {{ value }} days',
    description:
      'Callers refuse it from then on. It should have been renewed weeks ago: look why it was not.',
  }),
  defaultRule({
    name: 'certificate',
    severity: 'ticket',
    about: 'certificate',
    expression: 'min without (instance) (tls_certificate_expires_seconds) / 86400 < 14',
    noData: 'ok',
    summary: '{{ service }}: a certificate expires in {{ value }} days',
    description: 'It should renew itself earlier. The log of {{ service }} says why it does not.',
  }),
  defaultRule({
    name: 'audit-chain',
    severity: 'ticket',
    about: 'audit',
    expression: 'max by (service, db_namespace) (audit_oldest_unchained_seconds) > 600',
    summary: '{{ service }}: entries of the audit trail have waited for their chain for {{ value }} s',
    description:
      'Until they are chained a change to them would not be noticed. Look for audit in the log of {{ service }}; goblin audit verify checks the rest.',
  }),
  defaultRule({
    name: 'audit-chain-failures',
    severity: 'ticket',
    about: 'audit',
    expression: 'round(sum by (service, db_namespace) (increase(audit_chain_failures_total[10m]))) > 2',
    noData: 'ok',
    summary: '{{ service }}: the audit trail could not be chained {{ value }} times within 10 minutes',
    description: 'The log of {{ service }} says why: the database, or the key that signs.',
  }),
  defaultRule({
    name: 'telemetry-rejected',
    severity: 'ticket',
    about: 'telemetry',
    expression: '60 * sum by (format) (rate(telemetry_rejected_total[5m])) > 60',
    for: '5m',
    noData: 'ok',
    summary: '{{ value }} items of telemetry per minute are refused ({{ format }})',
    description:
      'The reasons are in the statistics of Palantir: too many series, where a label has ever new values, or times that are wrong, where a clock is.',
  }),
  defaultRule({
    name: 'series-refused',
    severity: 'ticket',
    about: 'telemetry',
    expression: 'round(sum by (service, metric) (increase(metrics_series_refused_total[10m]))) > 0',
    noData: 'ok',
    summary: '{{ service }}: the metric {{ metric }} has more series than it may have',
    description:
      'One of its labels has ever new values, such as ids. What goes beyond is counted as "other".',
  }),
  defaultRule({
    name: 'background-failures',
    severity: 'ticket',
    about: 'errors',
    expression: 'round(sum by (service, loop) (increase(background_failures_total[10m]))) > 5',
    noData: 'ok',
    summary: '{{ service }}: the background loop {{ loop }} failed {{ value }} times within 10 minutes',
    description: 'It is started again each time. Its errors are in the log of {{ service }}.',
  }),
  defaultRule({
    name: 'settings-mistakes',
    severity: 'page',
    about: 'telemetry',
    // Who is writing them has some minutes.
    expression: 'max by (service) (settings_mistakes) > 0',
    for: '5m',
    noData: 'ok',
    summary: 'The settings of Palantir have {{ value }} mistakes',
    description:
      'Those that were good last stay in use, and nothing that was changed since: rules, notifiers, who is on call. goblin palantir check names file, line and column of each mistake.',
  }),
  defaultRule({
    name: 'rules-failing',
    severity: 'ticket',
    about: 'telemetry',
    expression: 'round(sum by (rule) (increase(alert_rule_failures_total[10m]))) > 10',
    noData: 'ok',
    summary: 'The rule {{ rule }} cannot be evaluated',
    description:
      'Nobody would be told of what it watches. The log of Palantir says why: often it asks for too much.',
  }),
];
