/** Commands for durable work: tasks, schedules, events, mails. */
import type { CommandSpec } from '../command.ts';
import { json } from './options.ts';

export const WORKING: readonly CommandSpec[] = [
  {
    name: 'tasks',
    summary: 'See durable tasks, try dead ones again, cancel them',
    usage: '[ls | show <id> | retry [id…] | cancel [id…] | tail]',
    details:
      'Without a word it shows the queues: for each kind how many tasks are in which state, for how long the oldest ready one has been ready, and how many with a key have finished in the last minute. retry takes dead tasks only; cancel takes the children of a task too. Both need numbers, filters or --all, and end with exit code 1 when nothing matched. tail goes on until Ctrl-C. The database is started where it does not run.',
    examples: [
      'goblin tasks',
      'goblin tasks ls --state dead --kind payments.settle',
      'goblin tasks show 17',
      'goblin tasks retry --kind payments.settle --code NO_PEER',
      'goblin tasks cancel 17 18',
    ],
    options: {
      service: { type: 'string', value: '<role>', help: 'Only tasks of this service. Default: all' },
      kind: { type: 'string', value: '<kind>', help: 'Only tasks of this kind: payments.settle' },
      state: { type: 'string', value: '<state>', help: 'Only ready, running, delayed, waiting or dead ones' },
      key: { type: 'string', value: '<key>', help: 'Only the task with this key' },
      lane: { type: 'string', value: '<lane>', help: 'Only tasks of this lane' },
      tenant: { type: 'string', value: '<name>', help: 'Only tasks of this tenant' },
      code: { type: 'string', value: '<code>', help: 'Only tasks whose last error has this code' },
      limit: { type: 'string', short: 'n', value: '<count>', help: 'ls: at most so many. Default 100' },
      after: { type: 'string', value: '<id>', help: 'ls: go on after this task' },
      all: { type: 'boolean', help: 'retry, cancel: all of them' },
      json,
    },
    completes: ['ls', 'show', 'retry', 'cancel', 'tail'],
    load: () => import('../commands/tasks.ts'),
  },
  {
    name: 'schedule',
    summary: 'See schedules and when they are due, run, pause and resume them',
    usage: '<ls | run <name> | pause <name> | resume <name>>',
    details:
      'A schedule is named <service>/<name>, or by its name where only one service has it. Times are shown in the zone of this terminal, and beside it in that of the schedule. One that nobody has run for 5 minutes is orphaned: its service does not run, or does not have it any more. run asks a process of the service for a run at once, also while it is paused. The database is started where it does not run.',
    examples: ['goblin schedule ls', 'goblin schedule run nightly', 'goblin schedule pause payments/nightly'],
    options: {
      next: { type: 'string', value: '<count>', help: 'ls: how many slots to show. Default 3' },
      json,
    },
    completes: ['ls', 'run', 'pause', 'resume'],
    load: () => import('../commands/schedule.ts'),
  },
  {
    name: 'events',
    summary: 'Follow events, see their consumers, try parked ones again, replay',
    usage: '<ls [type] | tail [type] | parked [type] | retry [id…] | discard [id…] | replay <type>>',
    details:
      'ls shows each group of consumers, how many events it has not handled (counted up to 10,000), for how long the oldest of them has been there, and how many are parked. tail shows events as they are told, until Ctrl-C. parked shows events that a group has failed at too often, and those of the same key that wait behind them. retry lets those that failed be tried again, the ones behind them follow; discard gives parked events up for good. Both need numbers or --all, and end with exit code 1 when nothing matched. replay lets a group handle events again from a moment on; it never goes forward. The database is started where it does not run.',
    examples: [
      'goblin events ls',
      'goblin events tail payments.settled --from 1h',
      'goblin events parked',
      'goblin events retry 17 18',
      'goblin events retry --all --group receipts',
      "goblin events replay payments.settled --group receipts --from '2026-11-20 12:00'",
    ],
    options: {
      from: {
        type: 'string',
        value: '<time>',
        help: "tail, replay: begin with events that are still kept, beginning or those of the last 1h or since '2026-11-20 12:00'. Default of tail: those to come",
      },
      group: { type: 'string', value: '<group>', help: 'Only this group of consumers' },
      service: { type: 'string', value: '<role>', help: 'Only groups of this service. Default: all' },
      all: { type: 'boolean', help: 'retry, discard: all that are parked, of the group where one is named' },
      limit: {
        type: 'string',
        value: '<number>',
        help: 'parked: at most so many, up to 1,000. Default: 100',
      },
      after: { type: 'string', value: '<id>', help: 'parked: those after this one' },
      json,
    },
    completes: ['ls', 'tail', 'parked', 'retry', 'discard', 'replay'],
    load: () => import('../commands/events.ts'),
  },
  {
    name: 'mail',
    summary: 'See mails, resend them, decide about unknown ones, see routes and suppressed addresses',
    usage:
      '<ls | show <id> | resend <id> | resolve <id> sent|not-sent | suppress ls|add|rm [address] | routes>',
    details:
      'ls shows the newest first, with addresses masked; --full shows all of them, and with show also the text. A mail whose server got it and never answered is unknown: it may have been sent, so resend takes it only with --yes-twice; resolve says what became of it, and not-sent sends it. Any other settled mail is resent as a new one. routes shows what each process makes of its routes: health, and a breaker that is open while mails go elsewhere. The database is started where it does not run.',
    examples: [
      'goblin mail ls --state unknown',
      'goblin mail ls --to ada@example.com --since 2d --full',
      'goblin mail show 17',
      `goblin mail resolve 17 sent --why 'it is in the log of the server'`,
      'goblin mail suppress add ada@example.com --why asked',
      'goblin mail routes',
    ],
    options: {
      service: { type: 'string', value: '<role>', help: 'Only mails of this service. Default: all' },
      state: {
        type: 'string',
        value: '<state>',
        help: 'Only queued, sending, sent, failed, unknown or suppressed ones',
      },
      to: { type: 'string', value: '<address>', help: 'Only mails to this address, in cc and bcc too' },
      kind: { type: 'string', value: '<kind>', help: 'Only mails of this kind: receipts.receipt' },
      since: {
        type: 'string',
        value: '<time>',
        help: 'Only mails written from then on: a time, or a duration such as 2h',
      },
      key: { type: 'string', value: '<key>', help: 'Only the mail with this key' },
      tenant: { type: 'string', value: '<name>', help: 'Only mails of this tenant' },
      'message-id': { type: 'string', value: '<id>', help: 'Only the mail with this Message-ID' },
      limit: {
        type: 'string',
        short: 'n',
        value: '<count>',
        help: 'ls, suppress ls: at most so many, up to 500. Default 100',
      },
      before: {
        type: 'string',
        value: '<id>',
        help: 'ls, suppress ls: go on after the one with this number',
      },
      full: {
        type: 'boolean',
        help: 'Show whole addresses, names and subjects; with show also the text of the mail',
      },
      'yes-twice': { type: 'boolean', help: 'resend: also an unknown mail, although it may arrive twice' },
      why: { type: 'string', value: '<text>', help: 'resolve, suppress add: the reason, which is kept' },
      json,
    },
    completes: ['ls', 'show', 'resend', 'resolve', 'suppress', 'routes'],
    load: () => import('../commands/mail.ts'),
  },
];
