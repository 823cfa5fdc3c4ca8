/** Our own words for a message, where a team has written none. */
import type { Alert } from '../alerts/alert.ts';
import type { Message, Reason } from './message.ts';

export interface Words {
  /** One line. */
  readonly title: string;
  readonly text: string;
}

const HEADS: Readonly<Record<Reason, string>> = {
  opened: 'PAGE',
  joined: 'More of it',
  escalated: 'PAGE, not acknowledged',
  acknowledged: 'Acknowledged',
  assigned: 'Handed over',
  noted: 'Note',
  reopened: 'Back again',
  firing: 'Alert',
  changed: 'Changed',
  flapping: 'Flapping',
  repeat: 'Still',
  resolved: 'Resolved',
  folded: 'More messages',
  test: 'Test',
};

export function defaultWords(message: Message, link: string): Words {
  return { title: defaultTitle(message), text: linesOf(message, link).join('\n') };
}

export function defaultTitle(message: Message): string {
  const { incident, reason, title } = message;
  const head = reason === 'firing' && message.severity === 'ticket' ? 'Ticket' : HEADS[reason];
  const after =
    reason === 'resolved' && incident
      ? ` after ${durationText((incident.resolvedAtMs ?? message.atMs) - incident.openedAtMs)}`
      : '';
  return `${head}${after}: ${title}`;
}

function linesOf(message: Message, link: string): string[] {
  const { incident, services, by, text, recipient } = message;
  const lines: string[] = [];
  if (text !== undefined) lines.push(by === undefined ? text : `${by}: ${text}`);
  else if (by !== undefined) lines.push(`by ${by}`);
  if (services.length > 0) lines.push(`Services: ${services.join(', ')}`);
  if (incident) {
    if (incident.suspect) lines.push(`First suspect: ${suspectText(message)}`);
    const owner = incident.owner ?? recipient?.name;
    if (owner !== undefined) lines.push(`Who has it: ${owner}`);
  }
  lines.push(...alertLines(message));
  const runbook = message.alerts.find((alert) => alert.runbook)?.runbook;
  if (runbook !== undefined) lines.push(`Runbook: ${runbook}`);
  lines.push(link);
  return lines;
}

export function alertLines({ alerts, moreAlerts }: Message): string[] {
  const lines = alerts.map((alert) => `• ${stateOf(alert)}${alert.summary}`);
  if (moreAlerts > 0) lines.push(`• and ${moreAlerts} more`);
  return lines;
}

export function suspectText({ incident }: Message): string {
  const suspect = incident?.suspect;
  if (!incident || !suspect) return '';
  const agoMs = incident.openedAtMs - suspect.atMs;
  const author = suspect.author === undefined ? '' : ` by ${suspect.author}`;
  return `${suspect.title}${author} (${suspect.kind}, ${durationText(agoMs)} before)`;
}

function stateOf({ state, isFlapping }: Alert): string {
  if (state === 'resolved') return 'resolved: ';
  return isFlapping ? 'comes and goes: ' : '';
}

/** `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h` */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
