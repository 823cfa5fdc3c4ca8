/** PagerDuty's events, version 2 (https://developer.pagerduty.com/docs/events-api-v2/overview/), which others take too. An incident is one
 * incident there: its thread is the `dedup_key`. What an escalation adds is an event of the same one. An incident that comes back
 * is shown there with low urgency, because nobody is paged anew for it; if nobody takes it the escalation does that. */
import { hostname } from 'node:os';
import type { Severity } from '../../alerts/alert.ts';
import { post } from '../http-post.ts';
import type { Message, Reason } from '../message.ts';
import type { Notifier } from '../notifier.ts';
import type { PagerSettings } from '../notifier-settings.ts';
import { secretFile } from '../secret-file.ts';
import { linkOf, type NotifierSetup, type Wording } from './setup.ts';

const EVENTS = 'https://events.pagerduty.com/v2/enqueue';
/** PagerDuty refuses more. */
const MAX_SUMMARY = 1_024;
const MAX_DEDUP_KEY = 255;

type Action = 'trigger' | 'acknowledge' | 'resolve';

const ACTIONS: Readonly<Partial<Record<Reason, Action>>> = {
  opened: 'trigger',
  escalated: 'trigger',
  reopened: 'trigger',
  firing: 'trigger',
  flapping: 'trigger',
  folded: 'trigger',
  test: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
};
const SEVERITIES: Readonly<Record<Severity, string>> = { page: 'critical', ticket: 'warning', info: 'info' };

export function pagerNotifier(settings: PagerSettings, words: Wording, setup: NotifierSetup): Notifier {
  const { name, keyFile, url = EVENTS } = settings;
  const { fetch, clock, baseUrl } = setup;
  const key = secretFile(keyFile);
  return {
    name,
    kind: 'pagerduty',
    takes: ({ reason }) => ACTIONS[reason] !== undefined,
    async send(message, signal) {
      const action = ACTIONS[message.reason]!;
      const event = {
        routing_key: await key(),
        event_action: action,
        dedup_key: message.thread.slice(0, MAX_DEDUP_KEY),
        ...(action === 'trigger' && {
          client: 'Palantir',
          client_url: linkOf(message, baseUrl),
          payload: payloadOf(message, words),
        }),
      };
      await post(fetch, url, { body: JSON.stringify(event), signal }, clock.wall());
      return {};
    },
  };
}

function payloadOf(message: Message, words: Wording): object {
  const { title, text } = words(message);
  return {
    summary: title.slice(0, MAX_SUMMARY),
    source: message.services[0] || hostname(),
    severity: message.reason === 'reopened' ? SEVERITIES.ticket : SEVERITIES[message.severity],
    timestamp: new Date(message.atMs).toISOString(),
    ...(message.services[0] && { component: message.services[0] }),
    group: message.services.join(', '),
    class: message.rule,
    custom_details: { text, alerts: message.alerts.map(({ summary }) => summary) },
  };
}
