/** The work: what callers ask for and workers do. Kills are no fault of it, so nothing is given up. */
import {
  type EventDefinition,
  event,
  type RunOptions,
  type ScheduleOptions,
  type TaskDefinition,
  type TaskOptions,
  task,
} from '@goblin/data';
import { z } from 'zod';
import { html } from '../../src/templates/html.ts';
import { type MailTemplate, mail } from '../../src/templates/template.ts';

const Named = z.object({ name: z.string() });
export type Named = typeof Named;

/** Short, so that whoever loses one loses it within the test. */
export const LEASE_MS = 1_000;
/** Parts of each order. */
export const PARTS = 3;

const RETRY = { attempts: 100_000, backoff: { first: '5ms', max: '100ms' } } as const;
const OPTIONS = {
  input: Named,
  lease: `${LEASE_MS}ms`,
  retry: RETRY,
} as const satisfies TaskOptions<Named>;

/** Effects in the database; each publishes `finished` with them. */
export const single: TaskDefinition<Named> = task('chaos.single', OPTIONS);
/** The same, two of a lane at a time. */
export const laned: TaskDefinition<Named> = task('chaos.laned', {
  ...OPTIONS,
  lane: ({ name }) => name.slice(-1),
  lanes: { concurrency: 2 },
});
/** An effect at the HTTP server. */
export const charge: TaskDefinition<Named> = task('chaos.charge', OPTIONS);

const Part = z.object({ name: z.string(), double: z.int() });
const Settled = z.object({ receipt: z.string(), by: z.string(), doubles: z.array(z.int()) });
/** A workflow with an HTTP effect, a signal, a timer, children and a mail. */
export const order: TaskDefinition<Named, typeof Settled> = task('chaos.order', {
  ...OPTIONS,
  output: Settled,
});
const PartInput = z.object({ name: z.string(), number: z.int() });
export const part: TaskDefinition<typeof PartInput, typeof Part> = task('chaos.part', {
  ...OPTIONS,
  input: PartInput,
  output: Part,
});
/** What the consumer of `noted` enqueues. */
export const echo: TaskDefinition<Named> = task('chaos.echo', OPTIONS);
/** What the schedule `sweep` enqueues. */
export const sweep: TaskDefinition<Named> = task('chaos.sweep', OPTIONS);

export const beatTimes = {
  name: 'beat',
  every: '1s',
  missed: 'all',
  lease: OPTIONS.lease,
  retry: RETRY,
} as const satisfies ScheduleOptions & RunOptions;
export const sweepTimes = {
  name: 'sweep',
  cron: '*/2 * * * * *',
  zone: 'UTC',
  missed: 'all',
} as const satisfies ScheduleOptions;
/** The schedules: the kind of their tasks, and how far apart their slots are. */
export const SLOTS: readonly { readonly name: string; readonly kind: string; readonly everyMs: number }[] = [
  { name: 'beat', kind: 'chaos.schedule.beat', everyMs: 1_000 },
  { name: 'sweep', kind: 'chaos.sweep', everyMs: 2_000 },
];

/** Told by callers beside the order, by callers alone, and by tasks that end. */
export const placed: EventDefinition<Named> = event('chaos.placed.v1', Named);
export const noted: EventDefinition<Named> = event('chaos.noted.v1', Named);
export const finished: EventDefinition<Named> = event('chaos.finished.v1', Named);

/** What NATS carries to the branch. */
export const CARRIED: readonly EventDefinition<Named>[] = [noted, finished];

export const letter: MailTemplate<Named> = mail('chaos.letter', {
  data: Named,
  subject: ({ name }) => `Letter ${name}`,
  text: ({ name }) => `This is ${name}.\n`,
  html: ({ name }) => html`<p>This is <b>${name}</b>.</p>`,
});
export const receipt: MailTemplate<Named> = mail('chaos.receipt', {
  data: Named,
  subject: ({ name }) => `Receipt of ${name}`,
  text: ({ name }) => `${name} is settled.\n`,
});

/** The task that ends a mail. Its lease is half a minute. */
export const MAIL_KIND = 'mail.deliver';
