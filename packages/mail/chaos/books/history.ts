/** What happened to an item, in the order in which it happened: for whoever has to find out how a promise was broken. */
import type { Breach } from './breach.ts';
import type { Evidence } from './evidence.ts';

/** Items that are named of each promise, items whose histories are told, and lines of each. */
const NAMED = 5;
const TOLD = 5;
const MAX_LINES = 60;

interface Moment {
  readonly at: string;
  readonly what: string;
}

/** Which promises were broken and by which items, and the histories of the first of these. */
export function report(breaches: readonly Breach[], evidence: Evidence): string {
  const promises = [...new Set(breaches.map(({ promise }) => promise))].map((promise) =>
    breaches.filter((breach) => breach.promise === promise),
  );
  const lines = promises.map((broken) => {
    const items = broken.slice(0, NAMED).map(({ item, what }) => `\n  ${item}: ${what}`);
    return `BROKEN ${broken.length} times: ${broken[0]!.promise}${items.join('')}`;
  });
  const told = [...new Set(promises.map(([first]) => first!.item))].slice(0, TOLD);
  const histories = told.map((item) => `History of ${item}\n${historyOf(item, evidence).join('\n')}`);
  return [...lines, ...histories].join('\n');
}

/** @param item ends with its name, which no other item has, for instance `effect single 12` */
export function historyOf(item: string, evidence: Evidence): string[] {
  const { changes, effects, stepRuns, stepsSeen, charges, mails, heard, blows } = evidence;
  const isIt = (name: string | null): boolean =>
    name !== null && (item === name || item.endsWith(` ${name}`));
  const tasks = new Set([
    ...changes.filter(({ key, task }) => isIt(key) || isIt(String(task))).map(({ task }) => task),
    ...effects.filter(({ name }) => isIt(name)).map(({ task }) => task),
  ]);
  const pids = new Set<string>();
  const met = (pid: number | string | undefined): string => {
    pids.add(`worker ${pid}`);
    return `worker ${pid}`;
  };
  const moments: Moment[] = [
    ...changes
      .filter(({ task }) => tasks.has(task))
      .map(({ at, task, change, fenceAfter, dueAfter, waitsFor, workerAfter, xid }) => ({
        at: at.toISOString(),
        what: `task ${task} ${change} fence ${fenceAfter} due ${dueAfter} waits for ${waitsFor}, of ${workerAfter ? met(workerAfter.split('/')[1]) : 'nobody'} (transaction ${xid})`,
      })),
    ...effects
      .filter(({ name }) => isIt(name))
      .map(({ at, kind, fence, pid, xid }) => ({
        at: at.toISOString(),
        what: `effect of ${kind} under fence ${fence} by ${met(pid)} (transaction ${xid})`,
      })),
    ...[
      ...stepRuns.map((run) => ({ ...run, verb: 'run' })),
      ...stepsSeen.map((run) => ({ ...run, verb: 'seen' })),
    ]
      .filter(({ task }) => tasks.has(task))
      .map(({ at, step, verb, token, pid }) => ({
        at: at.toISOString(),
        what: `step ${step} ${verb}: ${token} by ${met(pid)}`,
      })),
    ...charges
      .filter(({ key }) => isIt(key))
      .flatMap(({ requests }) => requests)
      .map(({ at, manner }) => ({ at, what: `request to charge, answered: ${manner}` })),
    ...mails
      .filter(({ key }) => isIt(key))
      .flatMap(({ attempts }) => attempts)
      .map(({ at, route, outcome, answer }) => ({ at, what: `mail by ${route}: ${outcome}, ${answer}` })),
    ...heard
      .filter(({ name }) => isIt(name))
      .map(({ at, group, event, pid }) => ({
        at: at.toISOString(),
        what: `event ${event} heard by ${group} in ${met(pid)}`,
      })),
  ];
  const involved = blows.filter(({ who }) => pids.has(who) || !who.startsWith('worker'));
  moments.push(...involved.map(({ at, who, what }) => ({ at, what: `${who} ${what}` })));
  moments.sort((one, other) => one.at.localeCompare(other.at));
  return moments.slice(0, MAX_LINES).map(({ at, what }) => `  ${at} ${what}`);
}
