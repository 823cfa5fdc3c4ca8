/** The ways to tell people, as they stand in a file. */
import type { Check, Problem } from './problems.ts';

interface Common {
  /** Unique: `ops-slack`. Stands in routes, metrics and the log. */
  readonly name: string;
  /** The name of a template. */
  readonly template?: string;
}

export interface SlackSettings extends Common {
  readonly kind: 'slack';
  /** Where to: the id of a channel, or its name with #. It goes with `tokenFile`. */
  readonly channel?: string;
  /** The token of a bot (`xoxb-…`) that may `chat:write`. What belongs together stands in one thread. */
  readonly tokenFile?: string;
  /** Or the address of an incoming webhook: without threads. */
  readonly urlFile?: string;
  /** Where Slack is. Default `https://slack.com/api`. */
  readonly api?: string;
}

export interface MailSettings extends Common {
  readonly kind: 'mail';
  /** Addresses. Who is on call gets pages too. */
  readonly to?: readonly string[];
}

/** Prometheus' Alertmanager sends the same, so what reads that reads this. */
export interface WebhookSettings extends Common {
  readonly kind: 'webhook';
  readonly url?: string;
  readonly urlFile?: string;
  /** What requests are signed with, as Standard Webhooks says (https://www.standardwebhooks.com). */
  readonly secretFile?: string;
}

/** PagerDuty, and what takes its events (version 2 of its API). */
export interface PagerSettings extends Common {
  readonly kind: 'pagerduty';
  /** The integration key. */
  readonly keyFile: string;
  /** Default PagerDuty's own. */
  readonly url?: string;
}

export type NotifierSettings = SlackSettings | MailSettings | WebhookSettings | PagerSettings;

const FIELDS: Readonly<Record<NotifierSettings['kind'], readonly string[]>> = {
  slack: ['channel', 'tokenFile', 'urlFile', 'api'],
  mail: ['to'],
  webhook: ['url', 'urlFile', 'secretFile'],
  pagerduty: ['keyFile', 'url'],
};
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MAX_ADDRESSES = 50;
const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;

/** @returns its name, where that is one */
export function checkNotifier(
  check: Check,
  path: Problem['path'],
  value: unknown,
  templates: readonly string[],
): string | undefined {
  const any = check.object(path, value);
  if (!any) return undefined;
  const kind = any.kind as NotifierSettings['kind'];
  const fields = typeof kind === 'string' && Object.hasOwn(FIELDS, kind) ? FIELDS[kind] : undefined;
  check.oneOf([...path, 'kind'], kind, Object.keys(FIELDS));
  if (fields) check.object(path, any, ['name', 'kind', 'template', ...fields]);
  if (any.template !== undefined) check.oneOf([...path, 'template'], any.template, templates);
  for (const key of ['tokenFile', 'urlFile', 'secretFile'])
    check.text([...path, key], any[key], { optional: true });
  for (const key of ['url', 'api']) check.url([...path, key], any[key]);

  if (kind === 'slack') {
    check.exactlyOne(path, any, ['tokenFile', 'urlFile']);
    if (any.tokenFile !== undefined) check.text([...path, 'channel'], any.channel);
  }
  if (kind === 'webhook') check.exactlyOne(path, any, ['url', 'urlFile']);
  if (kind === 'pagerduty') check.text([...path, 'keyFile'], any.keyFile);
  if (kind === 'mail')
    check.list([...path, 'to'], any.to, MAX_ADDRESSES, (at, one) => checkAddress(check, at, one));
  return checkName(check, [...path, 'name'], any.name);
}

export function checkAddress(check: Check, path: Problem['path'], value: unknown): void {
  if (typeof value !== 'string' || !ADDRESS.test(value))
    check.say(path, 'write an address such as ops@example.com');
}

function checkName(check: Check, path: Problem['path'], value: unknown): string | undefined {
  if (typeof value === 'string' && NAME.test(value)) return value;
  check.say(path, 'write a name of lower-case letters, digits and -, such as ops-slack');
  return undefined;
}
