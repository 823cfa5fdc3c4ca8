/** The written report of an incident, in Markdown: what can be known is filled in, what only people know is left to them. Times are UTC. */
import { durationText } from '../notify/wording.ts';
import type { EntryKind, Incident, TimelineEntry } from './incident.ts';

const OF_PEOPLE: readonly EntryKind[] = ['acknowledged', 'assigned', 'noted', 'resolved'];

const NAMES: Readonly<Record<EntryKind, string>> = {
  opened: 'opened',
  joined: 'alert',
  flapping: 'flapping',
  'alert-resolved': 'alert resolved',
  change: 'change',
  error: 'first error',
  acknowledged: 'acknowledged',
  assigned: 'handed over',
  noted: 'note',
  escalated: 'escalated',
  resolved: 'resolved',
  reopened: 'opened again',
};

export function writeReport(incident: Incident, nowMs: number): string {
  const sections = [
    `# Incident ${incident.id}: ${inline(incident.title)}`,
    summary(incident, nowMs),
    impact(incident),
    section('Timeline (UTC)', table(['Time', 'What', 'Details', 'Who'], incident.timeline.map(row))),
    whatChanged(incident),
    alerts(incident),
    whoDidWhat(incident),
    section('Causes', '_To be written: what made it possible, and why it was not noticed before._'),
    section(
      'Follow-ups',
      '_To be written: what is changed so that it does not happen again, by whom, until when._',
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

function summary(incident: Incident, nowMs: number): string {
  const { openedAtMs, acknowledgedAtMs, resolvedAtMs, owner, state, beganAtMs } = incident;
  const lines: (readonly [string, string])[] = [
    ['State', state],
    ['Began', moment(beganAtMs)],
    ['Opened', moment(openedAtMs)],
    ['Acknowledged', afterOpening(acknowledgedAtMs, openedAtMs, 'nobody')],
    [
      'Resolved',
      afterOpening(resolvedAtMs, openedAtMs, `not yet, after ${durationText(nowMs - openedAtMs)}`),
    ],
    ['Owner', owner ?? 'nobody'],
  ];
  return section('Summary', table(['', ''], lines));
}

function impact({ services, alerts }: Incident): string {
  const named = services.length > 0 ? services.map(inline).join(', ') : 'no service is named';
  const runbooks = [...new Set(alerts.flatMap(({ runbook }) => runbook ?? []))];
  return section(
    'Impact',
    [
      `Services: ${named}.`,
      ...alerts.flatMap(({ description }) => (description === undefined ? [] : [inline(description)])),
      ...runbooks.map((runbook) => `Runbook: ${inline(runbook)}`),
      '_To be completed: who noticed it, and what did not work for them._',
    ].join('\n\n'),
  );
}

function whatChanged({ suspect, timeline, openedAtMs }: Incident): string {
  const changes = timeline.flatMap(({ change }) => change ?? []);
  const first = suspect
    ? `First suspect: **${inline(suspect.title)}** (${suspect.kind}), ${durationText(openedAtMs - suspect.atMs)} before it opened.`
    : 'No change is suspected: none was seen in the 30 minutes before.';
  const rows = changes.map((change) => [
    moment(change.atMs),
    change.kind,
    change.service ?? '',
    change.title,
    change.author ?? '',
  ]);
  const all = rows.length > 0 ? `\n\n${table(['Time', 'Kind', 'Service', 'Change', 'Who'], rows)}` : '';
  return section('What changed', `${first}${all}`);
}

function alerts({ alerts: all }: Incident): string {
  const rows = all.map((alert) => [
    alert.rule,
    alert.service,
    alert.summary,
    moment(alert.firedAtMs ?? alert.sinceMs),
    alert.resolvedAtMs === undefined ? alert.state : moment(alert.resolvedAtMs),
  ]);
  return section('Alerts', table(['Rule', 'Service', 'What', 'Fired', 'Resolved'], rows));
}

function whoDidWhat({ timeline }: Incident): string {
  const rows = timeline
    .filter(({ kind, by }) => OF_PEOPLE.includes(kind) && by !== undefined)
    .map(({ atMs, kind, by, text }) => [by!, NAMES[kind], text, moment(atMs)]);
  return section(
    'Who did what',
    rows.length > 0 ? table(['Who', 'What', 'Details', 'Time'], rows) : 'Nobody did anything by hand.',
  );
}

function row({ atMs, kind, text, service, by }: TimelineEntry): string[] {
  return [
    moment(atMs),
    NAMES[kind],
    service === undefined || text.includes(service) ? text : `${service}: ${text}`,
    by ?? '',
  ];
}

function section(title: string, body: string): string {
  return `## ${title}\n\n${body}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(heads), `|${heads.map(() => ' --- |').join('')}`, ...rows.map(line)].join('\n');
}

/** Text of logs and people, as text: no pipe ends a cell, no bracket begins a link or a tag. */
function cell(text: string): string {
  return inline(text).replaceAll('|', '\\|');
}

function inline(text: string): string {
  return text
    .replace(/\s*\n\s*/g, ' ')
    .replace(/[\\`*_[\]]/g, '\\$&')
    .replaceAll('<', '&lt;');
}

function moment(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
}

function afterOpening(ms: number | undefined, openedAtMs: number, never: string): string {
  return ms === undefined ? never : `${moment(ms)} (after ${durationText(ms - openedAtMs)})`;
}
