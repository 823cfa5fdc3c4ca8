/** Answers `data.v1` over a database. Of a service's own database it sees that service's work; of an owner's
 * (`operatorDatabase`) that of all. */
import { GoblinError, type Handlers } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { listEventGroups } from '../events/operate.ts';
import { listSchedules, pauseSchedule, resumeSchedule, runScheduleNow } from '../schedules/operate.ts';
import { slotsAfter } from '../schedules/slots.ts';
import { specInWords } from '../schedules/spec.ts';
import { cancelTasks, countTasks, listTasks, replayTasks, type TaskView } from '../tasks/operate.ts';
import { finishedLastMinute, showTask } from '../tasks/show.ts';
import type { TaskFilter } from '../tasks/task-filter.ts';
import { actingAs, taskOwners } from './acting-as.ts';
import type { dataContract } from './contract.ts';

const DEFAULT_LISTED = 100;
const DEFAULT_SLOTS = 1;

/** @example serve(dataContract, async (app) => dataProcedures(await app.use(postgres()))) */
export function dataProcedures(db: Database): Handlers<typeof dataContract> {
  /** Does it in the name of each role that the filter means, one after the other. */
  async function each<T>(
    { owner, ...rest }: OwnedFilter,
    work: (as: Database, filter: TaskFilter, owner: string) => Promise<T>,
  ): Promise<T[]> {
    const owners = (await taskOwners(db)).filter((known) => owner === undefined || known === owner);
    const filter = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const answers: T[] = [];
    for (const one of owners) answers.push(await work(actingAs(db, one), filter, one));
    return answers;
  }

  return {
    async countTasks(filter) {
      const counts = await each(filter, async (as, only, owner) => {
        const finished = new Map(await finishedLastMinute(as));
        const live = (await countTasks(as, only)).map((count) => {
          const finishedOfKind = finished.get(count.kind) ?? 0;
          finished.delete(count.kind);
          return { owner, ...count, finishedLastMinute: finishedOfKind };
        });
        const quiet = { ready: 0, running: 0, delayed: 0, waiting: 0, dead: 0, oldestSeconds: null };
        // Kinds with nothing left are shown where nothing narrower than a kind was asked for.
        const isNarrow = Object.keys(only).some((name) => name !== 'kind');
        const rest = [...finished].filter(([kind]) => !isNarrow && (only.kind ?? kind) === kind);
        return [
          ...live,
          ...rest.map(([kind, count]) => ({ owner, kind, ...quiet, finishedLastMinute: count })),
        ];
      });
      return counts.flat();
    },

    async listTasks({ limit = DEFAULT_LISTED, after, ...filter }) {
      const page = { limit, ...(after !== undefined && { after }) };
      const tasks = await each(filter, async (as, only, owner) =>
        (await listTasks(as, only, page)).map((task) => written(owner, task)),
      );
      return tasks
        .flat()
        .sort((a, b) => a.id - b.id)
        .slice(0, limit);
    },

    async showTask({ id }) {
      const found = await each({}, async (as, _, owner) => {
        const task = await showTask(as, id);
        return task && { ...written(owner, task), steps: [...task.steps] };
      });
      const task = found.find((one) => one);
      if (task) return task;
      throw new GoblinError('NOT_FOUND', {
        message: `there is no task ${id}: it was never there, has finished or was canceled`,
      });
    },

    retryTasks: async (filter) => ({ count: sum(await each(filter, replayTasks)) }),
    cancelTasks: async (filter) => ({ count: sum(await each(filter, cancelTasks)) }),

    async listSchedules({ slots = DEFAULT_SLOTS }) {
      return (await listSchedules(db)).map(({ spec, lastSlot, nextSlot, seenAt, ...schedule }) => {
        const isComing = schedule.state !== 'paused' && nextSlot !== null && slots > 0;
        const further = isComing ? slotsAfter(spec, slots - 1, nextSlot.getTime()) : [];
        return {
          ...schedule,
          due: specInWords(spec),
          zone: 'cron' in spec ? spec.zone : null,
          lastSlot: lastSlot?.toISOString() ?? null,
          next: isComing ? [nextSlot, ...further].map((slot) => slot.toISOString()) : [],
          seenAt: seenAt.toISOString(),
        };
      });
    },

    pauseSchedule: (id) => done(pauseSchedule(db, id)),
    resumeSchedule: (id) => done(resumeSchedule(db, id)),
    runSchedule: (id) => done(runScheduleNow(db, id)),
    listEventGroups: () => listEventGroups(db),
  };
}

type OwnedFilter = { readonly [Name in keyof TaskFilter]?: TaskFilter[Name] | undefined } & {
  readonly owner?: string | undefined;
};

function written(owner: string, { dueAt, enqueuedAt, failedAt, ...task }: TaskView) {
  return {
    owner,
    ...task,
    dueAt: dueAt?.toISOString() ?? null,
    enqueuedAt: enqueuedAt.toISOString(),
    failedAt: failedAt?.toISOString() ?? null,
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

async function done(work: Promise<void>): Promise<Record<string, never>> {
  await work;
  return {};
}
