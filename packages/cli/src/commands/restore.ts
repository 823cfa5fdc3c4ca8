/** `goblin restore --at '2026-11-20 12:00'` */
import { resolve } from 'node:path';
import { momentOf, type RestorePlan, type RestoreStep, type RestoreTarget, restore } from '@goblin/data';
import { noteChange } from '@goblin/deploy';
import { type CommandContext, UsageError } from '../command.ts';
import { commandPlaces, embeddedFolder } from '../services/backups.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { withProgress } from '../terminal/progress.ts';

const UNTOUCHED = 'everything is as it was before';
const STEPS: Readonly<Record<RestoreStep, string>> = {
  fetch: 'restoring the files',
  'fetch log': 'restoring the log',
  replay: 'replaying the log',
  check: 'checking tables and indexes',
  'put in place': 'putting it in place',
};

export async function run(context: CommandContext): Promise<number> {
  const colours = coloursFor(context.io.stdout, context.io.env);
  const isJson = context.flag('json') === true;
  const say = (line: string): void => {
    if (!isJson) context.print(line);
  };
  const backup = context.text('backup');
  const target = targetOf(context.text('at'), backup, say);
  const project = await context.project();
  await using places = await commandPlaces(context, project);
  const { folder, vault } = places;
  const into = context.text('into');
  const place = into === undefined ? folder : embeddedFolder(resolve(context.io.cwd, into));
  return await withProgress(context, UNTOUCHED, async (progress, signal) => {
    const report = await restore(place, vault, {
      target,
      ...(backup !== undefined && { backup }),
      isCopy: into !== undefined,
      signal,
      onPlan: (plan) => say(planLine(plan, colours)),
      onProgress: (step, done, total) =>
        progress.show(STEPS[step], done, total, step === 'check' ? undefined : 'bytes'),
    });
    progress.close();
    const { lastCommit, kept, seconds } = report;
    const until = lastCommit ? `its last transaction is of ${stamp(lastCommit)}` : 'as the backup was';
    if (into === undefined)
      noteChange(project.dataFolder, { kind: 'data', title: `the database was restored: ${until}` });
    if (isJson) context.printJson(report);
    else {
      say(`${colours.green('restored')} in ${seconds.toFixed(1)} s: ${until}`);
      if (kept !== undefined) say(`the old database is kept in ${kept}: delete it when you are sure`);
      if (into !== undefined) say(`look at it with: goblin up --data ${into}`);
    }
    return 0;
  });
}

function targetOf(
  at: string | undefined,
  backup: string | undefined,
  say: (line: string) => void,
): RestoreTarget {
  if (at === undefined) {
    if (backup !== undefined) return 'backup';
    throw new UsageError("say which moment: goblin restore --at '2026-11-20 12:00', or --at latest");
  }
  if (at === 'latest') return 'latest';
  const moment = momentOf(at);
  if (moment.at.getTime() > Date.now()) throw new UsageError(`${at} is yet to come (${stamp(moment.at)})`);
  if (moment.assumedZone !== undefined)
    say(`${at} is taken as local time (${moment.assumedZone}): ${stamp(moment.at)}`);
  return { at: moment.at };
}

function planLine({ base, endsAt, endsBefore, target }: RestorePlan, { bold, yellow }: Colours): string {
  const from = `from the backup ${bold(base.id)} (${base.endedAt})`;
  if (target === 'backup') return `${from}, as it was verified`;
  const log = `${from} and the log up to ${stamp(endsAt)}`;
  return endsBefore
    ? `${log}\n${yellow('nothing later is in the store')}: what happened between then and the moment, if anything, is not in it`
    : log;
}

function stamp(date: Date): string {
  return date.toISOString();
}
