/** The state of the wall as lines: services, and below them what fires and what was changed. */
import type { WallState } from '@goblin/palantir';
import type { Colours } from './colours.ts';
import { sparkline } from './sparkline.ts';
import { columns } from './text.ts';
import { duration } from './when.ts';

type Service = WallState['services'][number];

const HEAD = ['SERVICE', 'STATE', 'READY', 'REQ/S', '30 MIN', 'FAILED', 'P50', 'P95', 'RESTARTS', 'VERSION'];
const ALIGN = ['left', 'left', 'right', 'right', 'left', 'right', 'right', 'right', 'right', 'left'] as const;
const CHANGES_SHOWN = 3;

export function wallTable(state: WallState, colours: Colours): string[] {
  const { bold, dim, red, yellow } = colours;
  const raised = state.alerts.filter((alert) => alert.state === 'firing' && alert.mutedBy === undefined);
  const since = (ms: number): string => duration((state.atMs - ms) / 1_000);
  return [
    `${bold(state.app)}  ${dim(new Date(state.atMs).toLocaleTimeString('en-GB'))}  ${
      raised.length === 0 ? dim('nothing fires') : red(`${raised.length} firing`)
    }`,
    '',
    ...columns([HEAD.map(dim), ...state.services.map((one) => rowOf(one, colours))], ALIGN).split('\n'),
    ...raised.map(({ severity, summary, firedAtMs, sinceMs }) => {
      const line = `${severity === 'page' ? red('✗') : yellow('!')} ${summary}`;
      return `${line}  ${dim(`for ${since(firedAtMs ?? sinceMs)}`)}`;
    }),
    ...state.incidents
      .filter((incident) => incident.state !== 'resolved')
      .map(
        ({ id, title, owner, openedAtMs }) =>
          `${red(`incident ${id}`)} ${title}  ${dim(`since ${since(openedAtMs)}, ${owner ?? 'nobody has it'}`)}`,
      ),
    ...state.changes.slice(0, CHANGES_SHOWN).map(({ title, atMs }) => dim(`↻ ${title}  ${since(atMs)} ago`)),
  ];
}

function rowOf(service: Service, { bold, dim, green, red, yellow }: Colours): string[] {
  const { state, detail, requestsPerSecond: rate, errorShare, ready, wanted, restarts } = service;
  const health = {
    ok: green('✓ ok'),
    degraded: yellow('! degraded'),
    down: red('✗ down'),
    unknown: dim('? unknown'),
  };
  return [
    bold(service.name),
    state === 'ok' || detail === undefined ? health[state] : `${health[state]} ${dim(detail)}`,
    ready < wanted ? red(`${ready}/${wanted}`) : `${ready}/${wanted}`,
    rate === 0 ? dim('-') : rate.toFixed(rate < 10 ? 1 : 0),
    rate === 0 && service.history.every((value) => value === 0)
      ? ''
      : dim(sparkline(service.history.slice(-15))),
    errorShare === 0 ? dim('-') : red(`${(errorShare * 100).toFixed(1)} %`),
    milliseconds(service.p50Ms, dim),
    milliseconds(service.p95Ms, dim),
    restarts === 0 ? dim('0') : yellow(String(restarts)),
    dim(service.version),
  ];
}

function milliseconds(value: number, dim: (text: string) => string): string {
  return value === 0 ? dim('-') : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
