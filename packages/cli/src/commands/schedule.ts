/** `goblin schedule ls`, `goblin schedule run nightly`, `goblin schedule pause payments/nightly`, `goblin schedule resume …` */
import { closest, GoblinError } from '@goblin/core';
import { dataProcedures } from '@goblin/data/procedures';
import { type CommandContext, UsageError } from '../command.ts';
import { wholeNumber } from '../services/audit-filter.ts';
import { projectDatabase } from '../services/project-database.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';
import { localTime } from '../terminal/when.ts';

const DEFAULT_SLOTS = 3;
const MAX_SLOTS = 100;

type Procedures = ReturnType<typeof dataProcedures>;
type Schedule = Awaited<ReturnType<Procedures['listSchedules']>>[number];

export async function run(context: CommandContext): Promise<void> {
  const [what, name] = context.positionals;
  const isChange = what === 'run' || what === 'pause' || what === 'resume';
  if (what !== 'ls' && !isChange)
    throw new UsageError('say what to do: goblin schedule ls, run, pause or resume');
  if (isChange && name === undefined)
    throw new UsageError(
      `name a schedule as goblin schedule ls shows it: goblin schedule ${what} payments/nightly`,
    );
  const count = wholeNumber(context, 'next') ?? DEFAULT_SLOTS;
  if (count > MAX_SLOTS) throw new UsageError(`--next is at most ${MAX_SLOTS}`);
  await using db = await projectDatabase(await context.project(), context.io.env);
  const data = dataProcedures(db);
  const schedules = await data.listSchedules({ slots: count });
  if (!isChange) return list(context, schedules);
  const chosen = scheduleNamed(schedules, name!);
  const { service } = chosen;
  const id = { service, name: chosen.name };
  if (what === 'run') await data.runSchedule(id);
  else await (what === 'pause' ? data.pauseSchedule(id) : data.resumeSchedule(id));
  const now = scheduleNamed(await data.listSchedules({ slots: 1 }), `${service}/${chosen.name}`);
  if (context.flag('json')) return context.printJson(now);
  context.print(`${service}/${chosen.name} ${said(what, chosen, now)}`);
}

function said(what: 'run' | 'pause' | 'resume', before: Schedule, now: Schedule): string {
  const orphaned =
    before.state === 'orphaned' ? `: as soon as ${before.service} runs it, which nobody does now` : '';
  if (what === 'run') return `will be run${orphaned || ' now'}`;
  if (what === 'pause') return 'is paused';
  return `goes on${now.next[0] === undefined ? '' : `, next at ${localTime(now.next[0])}`}`;
}

function list(context: CommandContext, schedules: readonly Schedule[]): void {
  if (context.flag('json')) return context.printJson(schedules);
  if (schedules.length === 0) return context.print('there are no schedules');
  const colours = coloursFor(context.io.stdout, context.io.env);
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const head = ['SCHEDULE', 'DUE', 'STATE', 'LAST', 'NEXT'].map(colours.dim);
  const rows = schedules.flatMap(({ service, name, due, state, lastSlot, next, zone }) => {
    const shown = next.map((slot) => timeOf(slot, zone, here, colours));
    const last = lastSlot === null ? '-' : localTime(lastSlot);
    const first = [
      colours.bold(`${service}/${name}`),
      due,
      colouredState(state, colours),
      last,
      shown[0] ?? '-',
    ];
    return [first, ...shown.slice(1).map((slot) => ['', '', '', '', slot])];
  });
  context.print(columns([head, ...rows]));
}

/** In the zone of this terminal, and in that of the schedule where it is another one. */
function timeOf(slot: string, zone: string | null, here: string, { dim }: Colours): string {
  return zone === null || zone === here
    ? localTime(slot)
    : `${localTime(slot)}  ${dim(localTime(slot, zone))}`;
}

function colouredState(state: Schedule['state'], { green, red, yellow, dim }: Colours): string {
  return { active: green, paused: yellow, orphaned: red, done: dim }[state](state);
}

/** By `nightly` where only one service has it, else `payments/nightly`. @throws NOT_FOUND, INVALID_INPUT */
function scheduleNamed(schedules: readonly Schedule[], name: string): Schedule {
  const full = ({ service, name: own }: Schedule): string => `${service}/${own}`;
  const found = schedules.filter((one) => one.name === name || full(one) === name);
  if (found.length === 1) return found[0]!;
  const known = schedules.map(full);
  if (found.length > 1) {
    throw new GoblinError('INVALID_INPUT', {
      message: `several services have a schedule ${name}: name one of ${found.map(full).join(', ')}`,
    });
  }
  const meant = closest(name, [...known, ...schedules.map((one) => one.name)]);
  throw new GoblinError('NOT_FOUND', {
    message: `there is no schedule ${JSON.stringify(name)}: ${meant ? `did you mean ${meant}?` : `there are ${known.join(', ') || 'none'}`}`,
  });
}
