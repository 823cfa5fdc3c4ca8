/** What a team writes about being told: by which ways, what goes where, in which words, and who is on call. These are the shapes as
 * they stand in a file; times are texts such as `5m`. Secrets are never among them, only the names of the files that hold them.
 * `checkNotifySettings` says all that is wrong at once, each with its place. */
import type { Severity } from '../alerts/alert.ts';
import type { RotaSettings } from '../oncall/rota-settings.ts';
import { checkRota } from '../oncall/rota-settings.ts';
import type { NotifierSettings } from './notifier-settings.ts';
import { checkNotifier } from './notifier-settings.ts';
import { Check, type Problem } from './problems.ts';
import { checkTemplateText, type Template } from './templates.ts';

export type { Override, Person, RotaSettings } from '../oncall/rota-settings.ts';
export type { NotifierSettings } from './notifier-settings.ts';
export type { Problem } from './problems.ts';
export type { Template } from './templates.ts';

/** What goes where. All routes that match count, and of each one notifier is told: the first of `to`; the others stand in for it, in
 * turn, while it fails. */
export interface Route {
  readonly severity: Severity;
  /** Names of services; `*` stands for any text. Default: all, also what belongs to no service. */
  readonly services?: readonly string[];
  /** Names of notifiers. */
  readonly to: readonly string[];
}

/** Tells an outside service that Palantir lives, so that somebody notices when it does not. */
export interface HeartbeatSettings {
  readonly url?: string;
  /** The file that holds the address, where that is a secret. */
  readonly urlFile?: string;
  /** Default `1m`. */
  readonly every?: string;
}

export interface NotifySettings {
  readonly notifiers?: readonly NotifierSettings[];
  /** Default: pages and tickets go to the first notifier, the others stand in for it. */
  readonly routes?: readonly Route[];
  /** By name. Notifiers that name none use the one that is named `default`, or our own words. */
  readonly templates?: Readonly<Record<string, Template>>;
  readonly rota?: RotaSettings;
  readonly heartbeat?: HeartbeatSettings;
}

const SEVERITIES: readonly Severity[] = ['page', 'ticket', 'info'];
export const MAX_NOTIFIERS = 50;
const MAX_ROUTES = 200;
const MAX_TEMPLATES = 100;
export const MIN_HEARTBEAT_MS = 10_000;

/** @returns all that is wrong, empty where `value` is NotifySettings */
export function checkNotifySettings(value: unknown): Problem[] {
  const check = new Check();
  const settings = check.object([], value, ['notifiers', 'routes', 'templates', 'rota', 'heartbeat']);
  if (!settings) return check.problems;
  const { notifiers, routes, templates, rota, heartbeat } = settings;

  const templateNames = checkTemplates(check, templates);
  const names = checkNotifiers(check, notifiers, templateNames);
  check.list(['routes'], routes, MAX_ROUTES, (path, one) => checkRoute(check, path, one, names));
  if (rota !== undefined) checkRota(check, ['rota'], rota, names);
  if (heartbeat !== undefined) checkHeartbeat(check, heartbeat);
  return check.problems;
}

function checkTemplates(check: Check, value: unknown): readonly string[] {
  const templates = value === undefined ? {} : check.object(['templates'], value);
  if (!templates) return [];
  const names = Object.keys(templates);
  if (names.length > MAX_TEMPLATES) check.say(['templates'], `there are at most ${MAX_TEMPLATES} templates`);
  for (const name of names) {
    const path = ['templates', name];
    const template = check.object(path, templates[name], ['title', 'text']);
    for (const part of ['title', 'text']) {
      const text = check.text([...path, part], template?.[part], { optional: true });
      if (text !== undefined)
        for (const message of checkTemplateText(text)) check.say([...path, part], message);
    }
  }
  return names;
}

function checkNotifiers(check: Check, value: unknown, templates: readonly string[]): readonly string[] {
  const names: string[] = [];
  check.list(['notifiers'], value, MAX_NOTIFIERS, (path, one) => {
    const name = checkNotifier(check, path, one, templates);
    if (name === undefined) return;
    if (names.includes(name))
      check.say([...path, 'name'], `two notifiers are named ${name}: give each its own`);
    names.push(name);
  });
  return names;
}

function checkRoute(check: Check, path: Problem['path'], value: unknown, names: readonly string[]): void {
  const route = check.object(path, value, ['severity', 'services', 'to']);
  if (!route) return;
  check.oneOf([...path, 'severity'], route.severity, SEVERITIES);
  check.list([...path, 'services'], route.services, MAX_ROUTES, (at, one) => check.text(at, one));
  if (!Array.isArray(route.to) || route.to.length === 0)
    check.say([...path, 'to'], 'write a list of notifiers, such as [slack, mail]');
  else check.list([...path, 'to'], route.to, MAX_NOTIFIERS, (at, one) => check.oneOf(at, one, names));
}

function checkHeartbeat(check: Check, value: unknown): void {
  const path = ['heartbeat'];
  const heartbeat = check.object(path, value, ['url', 'urlFile', 'every']);
  if (!heartbeat) return;
  check.exactlyOne(path, heartbeat, ['url', 'urlFile']);
  check.url([...path, 'url'], heartbeat.url);
  check.text([...path, 'urlFile'], heartbeat.urlFile, { optional: true });
  check.duration([...path, 'every'], heartbeat.every, { atLeastMs: MIN_HEARTBEAT_MS });
}
