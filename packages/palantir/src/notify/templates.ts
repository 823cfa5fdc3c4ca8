/** The words of a team: texts in which `{{ name }}` stands for a field of the message. Values are put in as they are and never read
 * as templates themselves. A name that is not known is an error when the settings are read, not when somebody is to be woken. */
import { closest } from '@goblin/core';
import type { Message } from './message.ts';
import { alertLines, defaultWords, durationText, suspectText, type Words } from './wording.ts';

export interface Template {
  readonly title?: string;
  readonly text?: string;
}

const PLACEHOLDER = /\{\{(.*?)\}\}/gs;
const MAX_TITLE = 300;
const MAX_WORDS = 20_000;

type Read = (message: Message, link: string) => string;

/** What may stand in a template. */
export const TEMPLATE_FIELDS: Readonly<Record<string, Read>> = {
  /** What is wrong, in one line. */
  title: ({ title }) => title,
  /** What became of it: opened, joined, escalated, acknowledged, assigned, noted, reopened, firing, changed, flapping, repeat, resolved. */
  reason: ({ reason }) => reason,
  /** page, ticket or info. */
  severity: ({ severity }) => severity,
  /** The first service, and all of them. */
  service: ({ services }) => services[0] ?? '',
  services: ({ services }) => services.join(', '),
  rule: ({ rule }) => rule,
  /** One line each. */
  alerts: (message) => alertLines(message).join('\n'),
  count: ({ alerts, moreAlerts }) => String(alerts.length + moreAlerts),
  description: ({ alerts }) => alerts.find((alert) => alert.description)?.description ?? '',
  runbook: ({ alerts }) => alerts.find((alert) => alert.runbook)?.runbook ?? '',
  /** Log lines or traces that show it. */
  evidence: ({ alerts }) => alerts.flatMap(({ evidence }) => evidence).join('\n'),
  /** Its number; empty where the message is of none. */
  incident: ({ incident }) => (incident ? String(incident.id) : ''),
  /** open, acknowledged or resolved. */
  state: ({ incident }) => incident?.state ?? '',
  owner: ({ incident, recipient }) => incident?.owner ?? recipient?.name ?? '',
  /** The change that is the first suspect. */
  suspect: (message) => suspectText(message),
  /** Moments in UTC. */
  time: ({ atMs }) => new Date(atMs).toISOString(),
  since: ({ incident, atMs }) => new Date(incident?.openedAtMs ?? atMs).toISOString(),
  duration: ({ incident, atMs }) =>
    durationText((incident?.resolvedAtMs ?? atMs) - (incident?.openedAtMs ?? atMs)),
  /** Who did it and what was said, of notes and hand-overs. */
  by: ({ by }) => by ?? '',
  text: ({ text }) => text ?? '',
  /** Who is to see to it. */
  recipient: ({ recipient }) => recipient?.name ?? '',
  /** Where to look. */
  link: (_message, link) => link,
};

/** @returns what is wrong with a text, one sentence each */
export function checkTemplateText(text: string): string[] {
  const names = Object.keys(TEMPLATE_FIELDS);
  const wrong: string[] = [];
  for (const [whole, inner] of text.matchAll(PLACEHOLDER)) {
    const name = inner!.trim();
    if (names.includes(name)) continue;
    const near = closest(name, names);
    wrong.push(
      `${whole} is not known: ${near === undefined ? `write one of ${names.join(', ')}` : `did you mean {{ ${near} }}?`}`,
    );
  }
  if (text.replaceAll(PLACEHOLDER, '').includes('{{')) wrong.push('a {{ is not closed by }}');
  return wrong;
}

/** @param template what it leaves out is said in our own words */
export function wordsOf(message: Message, link: string, template: Template = {}): Words {
  const own = defaultWords(message, link);
  const { title, text } = template;
  return {
    title: oneLine(title === undefined ? own.title : filled(title, message, link)).slice(0, MAX_TITLE),
    text: (text === undefined ? own.text : filled(text, message, link)).slice(0, MAX_WORDS),
  };
}

function filled(text: string, message: Message, link: string): string {
  return text.replaceAll(PLACEHOLDER, (_whole, inner: string) => {
    const name = inner.trim();
    return Object.hasOwn(TEMPLATE_FIELDS, name) ? TEMPLATE_FIELDS[name]!(message, link) : '';
  });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
