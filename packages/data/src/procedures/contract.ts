/** The procedures by which what is kept is operated: for the command line and for walls. `dataProcedures` answers them. Whoever
 * may call them reads inputs of tasks and may cancel them, so put them behind authorisation. */
import { contract } from '@goblin/core';
import { z } from 'zod';

const Moment = z.iso.datetime().nullable();
const State = z.enum(['ready', 'running', 'delayed', 'waiting', 'dead']);
/** The role that a task belongs to; where each service has its own, the service. */
const Owner = z.string();

const Filter = z.object({
  owner: Owner.optional(),
  kind: z.string().optional(),
  ids: z.array(z.int().positive()).max(1_000).optional(),
  keys: z.array(z.string()).max(1_000).optional(),
  state: State.optional(),
  lane: z.string().optional(),
  tenant: z.string().optional(),
  code: z.string().optional(),
});

const Task = z.object({
  owner: Owner,
  id: z.int(),
  kind: z.string(),
  key: z.string().nullable(),
  state: State,
  lane: z.string(),
  priority: z.int(),
  attempt: z.int(),
  dueAt: Moment,
  enqueuedAt: z.iso.datetime(),
  worker: z.string().nullable(),
  waitsFor: z.string().nullable(),
  progress: z.number().nullable(),
  note: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  failedAt: Moment,
  parent: z.int().nullable(),
  tenant: z.string().nullable(),
  input: z.unknown(),
});

const TaskCount = z.object({
  owner: Owner,
  kind: z.string(),
  ready: z.int(),
  running: z.int(),
  delayed: z.int(),
  waiting: z.int(),
  dead: z.int(),
  oldestSeconds: z.number().nullable(),
  finishedLastMinute: z.int(),
});

const ScheduleId = z.object({ service: z.string(), name: z.string() });

const Schedule = ScheduleId.extend({
  state: z.enum(['active', 'paused', 'orphaned', 'done']),
  kind: z.string(),
  /** `0 30 3 * * * Europe/Berlin`, `every 900 s`, `at <time>` */
  due: z.string(),
  /** Of cron. */
  zone: z.string().nullable(),
  missed: z.enum(['skip', 'latest', 'all']),
  lastSlot: Moment,
  /** The next slots, unless it is paused. */
  next: z.array(z.iso.datetime()),
  seenAt: z.iso.datetime(),
});

const EventGroup = z.object({
  owner: Owner,
  group: z.string(),
  type: z.string(),
  lanes: z.int(),
  lag: z.int(),
  lagSeconds: z.number().nullable(),
  parked: z.int(),
});

const Nothing = z.object({});

export const dataContract = contract('data.v1', {
  countTasks: {
    summary: 'How many tasks there are of each kind, by state.',
    input: Filter,
    output: z.array(TaskCount),
    get: true,
    deadline: '30s',
  },
  listTasks: {
    summary: 'The tasks that match, oldest first; `after` is the id of the last one of the page before.',
    input: Filter.extend({ limit: z.int().min(1).max(1_000).optional(), after: z.int().optional() }),
    output: z.array(Task),
    get: true,
    deadline: '30s',
  },
  showTask: {
    summary: 'One task with what its steps remember.',
    input: z.object({ id: z.int().positive() }),
    output: Task.extend({ steps: z.array(z.object({ name: z.string(), result: z.unknown() })) }),
    get: true,
  },
  retryTasks: {
    summary: 'Lets dead tasks that match be tried again.',
    input: Filter.omit({ state: true }),
    output: z.object({ count: z.int() }),
    idempotent: true,
    deadline: '60s',
  },
  cancelTasks: {
    summary: 'Takes the tasks that match away, with their children.',
    input: Filter,
    output: z.object({ count: z.int() }),
    idempotent: true,
    deadline: '60s',
  },
  listSchedules: {
    summary: 'The schedules, with their next slots.',
    input: z.object({ slots: z.int().min(0).max(100).optional() }),
    output: z.array(Schedule),
    get: true,
  },
  pauseSchedule: {
    summary: 'Lets slots pass until it is resumed.',
    input: ScheduleId,
    output: Nothing,
    idempotent: true,
  },
  resumeSchedule: {
    summary: 'Goes on with the first slot from now on.',
    input: ScheduleId,
    output: Nothing,
    idempotent: true,
  },
  runSchedule: {
    summary: 'Asks for a run at once, besides the slots.',
    input: ScheduleId,
    output: Nothing,
  },
  listEventGroups: {
    summary: 'Groups of consumers of events, and how far they are behind.',
    input: Nothing,
    output: z.array(EventGroup),
    get: true,
  },
});
