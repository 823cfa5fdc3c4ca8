/** A webhook with the payload of Prometheus' Alertmanager, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config),
 * so that what reads that reads this. Where there is a secret the request is signed as Standard Webhooks says; `webhook-id` is the
 * same whenever a message is sent again. It tells of alerts only, not of notes and hand-overs. */
import { createHash, createHmac } from 'node:crypto';
import type { Alert } from '../../alerts/alert.ts';
import type { Labels } from '../../model.ts';
import { post } from '../http-post.ts';
import type { Message, Reason } from '../message.ts';
import type { Notifier } from '../notifier.ts';
import type { WebhookSettings } from '../notifier-settings.ts';
import { secretFile } from '../secret-file.ts';
import { linkOf, type NotifierSetup, type Wording } from './setup.ts';

const VERSION = '4';
/** As Alertmanager writes the end of what has not ended: the zero of Go's time. */
const NOT_ENDED = '0001-01-01T00:00:00Z';
const ABOUT_PEOPLE: ReadonlySet<Reason> = new Set(['acknowledged', 'assigned', 'noted']);
/** A secret of Standard Webhooks begins with it, and the rest is base64. */
const SECRET_PREFIX = 'whsec_';

export function webhookNotifier(settings: WebhookSettings, words: Wording, setup: NotifierSetup): Notifier {
  const { name, url, urlFile, secretFile: keyFile } = settings;
  const { fetch, clock, baseUrl } = setup;
  const address = urlFile === undefined ? async () => url! : secretFile(urlFile);
  const secret = keyFile === undefined ? undefined : secretFile(keyFile);
  return {
    name,
    kind: 'webhook',
    takes: ({ reason }) => !ABOUT_PEOPLE.has(reason),
    async send(message, signal) {
      const body = JSON.stringify(payloadOf(message, { receiver: name, baseUrl, words }));
      const headers: Record<string, string> = { 'webhook-id': message.key };
      if (secret) {
        const seconds = String(Math.floor(clock.wall() / 1_000));
        headers['webhook-timestamp'] = seconds;
        headers['webhook-signature'] = signatureOf(await secret(), `${message.key}.${seconds}.${body}`);
      }
      await post(fetch, await address(), { body, headers, signal }, clock.wall());
      return {};
    },
  };
}

function payloadOf(
  message: Message,
  { receiver, baseUrl, words }: { receiver: string; baseUrl: string; words: Wording },
): object {
  const { title, text } = words(message);
  const alerts = message.alerts.map((alert) => ({
    status: alert.state === 'resolved' ? 'resolved' : 'firing',
    labels: labelsOf(alert),
    annotations: annotationsOf(alert),
    startsAt: new Date(alert.firedAtMs ?? alert.sinceMs).toISOString(),
    endsAt: alert.resolvedAtMs === undefined ? NOT_ENDED : new Date(alert.resolvedAtMs).toISOString(),
    generatorURL: linkOf(message, baseUrl),
    fingerprint: fingerprintOf(labelsOf(alert)),
  }));
  return {
    version: VERSION,
    groupKey: message.thread,
    truncatedAlerts: message.moreAlerts,
    status: message.reason === 'resolved' ? 'resolved' : 'firing',
    receiver,
    groupLabels: groupLabelsOf(message),
    commonLabels: common(alerts.map(({ labels }) => labels)),
    // Ours beside those that all alerts share: receivers show them.
    commonAnnotations: { ...common(alerts.map(({ annotations }) => annotations)), title, text },
    externalURL: baseUrl,
    alerts,
  };
}

function groupLabelsOf({ incident, rule, services }: Message): Labels {
  if (incident) return { incident: String(incident.id) };
  return { alertname: rule, service: services[0] ?? '' };
}

function labelsOf({ rule, severity, labels }: Alert): Labels {
  return { ...labels, alertname: rule, severity };
}

function annotationsOf({ summary, description, runbook }: Alert): Labels {
  return {
    summary,
    ...(description !== undefined && { description }),
    ...(runbook !== undefined && { runbook_url: runbook }),
  };
}

/** 16 hex digits, the same for the same labels. */
function fingerprintOf(labels: Labels): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** What all have with the same value. */
function common(all: readonly Labels[]): Labels {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((labels) => labels[name] === value)),
  );
}

function signatureOf(secret: string, signed: string): string {
  const key = secret.startsWith(SECRET_PREFIX)
    ? Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
