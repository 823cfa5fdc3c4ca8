/** All commands, in the order in which help lists them. */
import type { CommandSpec, OptionSpec } from './command.ts';

/** Every command has these. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  config: {
    type: 'string',
    value: '<file>',
    help: 'The config file. Default: GOBLIN_CONFIG, else goblin.config.ts in this folder or above',
  },
  data: {
    type: 'string',
    value: '<folder>',
    help: 'The data folder. Default: GOBLIN_DATA, else .goblin beside the config file',
  },
  help: { type: 'boolean', short: 'h', help: 'Show this' },
};

const json: OptionSpec = { type: 'boolean', help: 'Print JSON, for programs' };

const STORE: OptionSpec = {
  type: 'string',
  value: '<place>',
  help: 'Where backups are kept: a folder, or s3://bucket/prefix?endpoint=…. Default: BACKUP_STORE, else backups/ in the data folder',
};

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'up',
    summary: 'Run all services of the project and keep them running',
    usage: '',
    details:
      'Shows the logs of all services and, on a terminal, a live table below them. A change of code replaces the instances of that service one by one without a gap; a change of the config file is taken over. Ctrl-C drains and stops everything within 5 seconds; a second Ctrl-C ends it at once.',
    examples: ['goblin up', 'goblin up --port 9090 --data /tmp/second'],
    options: {
      port: {
        type: 'string',
        value: '<port>',
        help: 'Where the edge listens. Default: GOBLIN_PORT, else the app model',
      },
      host: {
        type: 'string',
        value: '<address>',
        help: 'The address the edge listens on. Default: GOBLIN_HOST, else the app model',
      },
      watch: {
        type: 'boolean',
        help: 'Follow changes of code and config. Default; --no-watch switches it off',
      },
      json: { type: 'boolean', help: 'Print events as lines of JSON: log, status, ready' },
    },
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'run',
    summary: 'Run one service, program or the edge in this terminal',
    usage: '<service> [settings]',
    details:
      'Every setting of the service is an option: `goblin run tax --help` lists them. SIGTERM and Ctrl-C drain; a second one ends it at once.',
    examples: ['goblin run tax --port 4100', 'goblin run tax --help'],
    passesOptions: true,
    completes: 'services',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'call',
    summary: 'Call a procedure of a running service',
    usage: '<service> <procedure> [json | @file | -]',
    details:
      'Finds the service by discovery, as any other service would. The input is JSON, a file, or standard input. A stream is printed item by item, a line of JSON each. A coded error ends with exit code 1.',
    examples: [`goblin call tax quote '{"country":"FR","amount":{"currency":"EUR","minor":1999}}'`],
    options: {
      deadline: {
        type: 'string',
        value: '<duration>',
        help: 'How long to wait. Default: the deadline of the procedure',
      },
      tenant: { type: 'string', value: '<name>', help: 'The tenant in whose name to call' },
      json: { type: 'boolean', help: 'Print errors as JSON too' },
    },
    completes: 'services',
    load: () => import('./commands/call.ts'),
  },
  {
    name: 'ls',
    summary: 'List the running instances, as discovery sees them',
    usage: '',
    details:
      'Columns about which there is nothing to say (zone, load, weight, suspected) are left out. With --watch on a terminal the table stays and what changes stands out; elsewhere, and with --json, each change is a line.',
    examples: ['goblin ls', 'goblin ls --watch', 'goblin ls --watch --json'],
    options: {
      watch: { type: 'boolean', short: 'w', help: 'Go on and show what changes' },
      json,
    },
    load: () => import('./commands/ls.ts'),
  },
  {
    name: 'peers',
    summary: 'Explain why processes call some instances of a service and not others',
    usage: 'explain <service | contract | instance>',
    details:
      'Asks the running processes themselves: each has its own view. Without --from it shows those that have called it, or all where none has.',
    examples: ['goblin peers explain tax', 'goblin peers explain tax --from payments'],
    options: {
      from: { type: 'string', value: '<name>', help: 'Only the view of this service, or of this instance' },
      json,
    },
    completes: ['explain'],
    load: () => import('./commands/peers.ts'),
  },
  {
    name: 'fault',
    summary: 'Inject faults into running services for a limited time, list them and lift them',
    usage: '<inject <service>[/<procedure>] | ls | lift [fault]>',
    details:
      'For tests and game days. A fault strikes the calls of a service where they come in or, with --side client, where others make them. It lifts itself when its time is over, or when its process ends.',
    examples: [
      'goblin fault inject tax --latency 300ms --for 20s',
      'goblin fault inject tax/quote --error UNAVAILABLE --percent 10',
      'goblin fault inject tax --hang --side client --instances payments-1f9c04',
      'goblin fault ls',
      'goblin fault lift --all',
    ],
    options: {
      latency: {
        type: 'string',
        value: '<duration>',
        help: 'Calls take so much longer: 200ms, or 100ms..300ms, at most 1m',
      },
      error: { type: 'string', value: '<code>', help: 'Calls fail with this code, such as UNAVAILABLE' },
      hang: { type: 'boolean', help: 'Calls are not answered until their deadline' },
      percent: { type: 'string', value: '<number>', help: 'How many of the calls. Default 100' },
      tenant: { type: 'string', value: '<name>', help: 'Only calls in the name of this tenant' },
      side: {
        type: 'string',
        value: '<side>',
        help: 'server: at the instances of the service; client: at those that call it. Default server',
      },
      for: { type: 'string', value: '<duration>', help: 'How long. Default 1m, at most 1h' },
      instances: { type: 'string', value: '<names>', help: 'Only at these, separated by commas' },
      all: { type: 'boolean', help: 'Lift all faults' },
      json,
    },
    completes: ['inject', 'ls', 'lift'],
    load: () => import('./commands/fault.ts'),
  },
  {
    name: 'logs',
    summary: 'Show logs, of all services or of some',
    usage: '[service …]',
    examples: ['goblin logs payments -f', 'goblin logs --since 10m --level warn'],
    options: {
      follow: { type: 'boolean', short: 'f', help: 'Go on and show what is added' },
      since: { type: 'string', value: '<duration>', help: 'Only what is younger, such as 10m or 2h' },
      level: {
        type: 'string',
        value: '<level>',
        help: 'Only this level and above: trace, debug, info, warn, error, fatal',
      },
      grep: { type: 'string', value: '<pattern>', help: 'Only lines that match this regular expression' },
      lines: {
        type: 'string',
        short: 'n',
        value: '<count>',
        help: 'At most so many of the newest. Default 1000',
      },
      json,
    },
    completes: 'services',
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'scale',
    summary: 'Change how many instances of a service run',
    usage: '<service>=<instances> …',
    details: 'Speaks to the `goblin up` that runs; the next start begins again with what the app model says.',
    examples: ['goblin scale tax=3', 'goblin scale tax=2 payments=4'],
    options: { json },
    completes: 'services',
    load: () => import('./commands/scale.ts'),
  },
  {
    name: 'restart',
    summary: 'Replace the instances of a service, or one instance, without a gap',
    usage: '<service | instance> …',
    examples: ['goblin restart tax', 'goblin restart tax-1f9c04'],
    options: { json },
    completes: 'services',
    load: () => import('./commands/restart.ts'),
  },
  {
    name: 'new',
    summary: 'Begin a service: contract, implementation, test, and its line in the config file',
    usage: '<name>',
    examples: ['goblin new badge'],
    options: { json },
    load: () => import('./commands/new.ts'),
  },
  {
    name: 'routes',
    summary: 'List what the edge and the services answer',
    usage: '[service …]',
    options: { json },
    completes: 'services',
    load: () => import('./commands/routes.ts'),
  },
  {
    name: 'openapi',
    summary: 'Print contracts as an OpenAPI 3.1 document',
    usage: '[service …]',
    examples: ['goblin openapi payments > payments.json'],
    completes: 'services',
    load: () => import('./commands/openapi.ts'),
  },
  {
    name: 'contract',
    summary: 'Publish contracts, and check that they keep what was published',
    usage: '<publish | check> [service …]',
    details:
      'What is published lies in contracts/ beside the config file, to be kept under version control. `check` names each change and fails when one breaks callers.',
    examples: ['goblin contract publish', 'goblin contract check tax'],
    options: { json },
    completes: ['publish', 'check'],
    load: () => import('./commands/contract.ts'),
  },
  {
    name: 'config',
    summary: 'List the settings of services and where each value comes from',
    usage: '[service …]',
    options: { json },
    completes: 'services',
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'db',
    summary: 'See and run the migrations of services, check them, or open psql',
    usage: '<status | plan | migrate | lint> [service …], or psql <service> [-- arguments]',
    details:
      '`migrate` applies what expands, as a service does when it starts; `--backfill` also runs backfills to their end here; `--contract` also takes away what only an older version needs: say it when none runs any longer. `plan` shows what is left, and which locks each statement takes. `lint` fails for what would keep others waiting, and shows how to do it safely. `psql` has the rights of the service.',
    examples: [
      'goblin db status',
      'goblin db plan orders',
      'goblin db migrate --contract',
      'goblin db lint',
      `goblin db psql orders -- -c 'select count(*) from "order"'`,
    ],
    options: {
      contract: { type: 'boolean', help: 'With migrate: no older version runs any longer' },
      backfill: { type: 'boolean', help: 'With migrate: run backfills here, to their end' },
      json,
    },
    completes: ['status', 'plan', 'migrate', 'lint', 'psql'],
    load: () => import('./commands/db.ts'),
  },
  {
    name: 'backup',
    summary: 'Back up the embedded database, list backups, or verify one by restoring it',
    usage: '<now | list | verify [backup …]>',
    details:
      'A backup is compressed and encrypted, and called good only after it was restored into a throwaway database and checked there. The key is in the file that BACKUP_KEY_FILE names, else made at random in the data folder: keep a copy of it elsewhere. `verify` takes the newest backup unless some are named, and fails when one is bad.',
    examples: ['goblin backup now --store /mnt/backups/shop', 'goblin backup list', 'goblin backup verify'],
    options: {
      store: STORE,
      verify: {
        type: 'boolean',
        help: 'Restore and check the new backup. Default; --no-verify leaves that out',
      },
      json,
    },
    completes: ['now', 'list', 'verify'],
    load: () => import('./commands/backup.ts'),
  },
  {
    name: 'restore',
    summary: 'Bring the embedded database back to a moment',
    usage: '--at <moment | latest>',
    details:
      'Refuses while somebody uses the database. The restored database takes the place of the old one only after it was checked; the old one is kept beside it. A moment without a zone is local time. With --backup alone it restores that backup as it was verified.',
    examples: [
      "goblin restore --at '2026-11-20 12:00'",
      'goblin restore --at 2026-11-20T12:00:30+01:00 --into /tmp/look',
      'goblin restore --at latest',
    ],
    options: {
      at: {
        type: 'string',
        value: '<moment>',
        help: 'Everything that was committed until then: 2026-11-20 12:00, with seconds and a zone where they matter, or latest',
      },
      backup: {
        type: 'string',
        value: '<backup>',
        help: 'Begin with this one. Default: the newest good one before the moment',
      },
      into: {
        type: 'string',
        value: '<folder>',
        help: 'Restore a copy into this data folder, and leave the project alone',
      },
      store: STORE,
      json,
    },
    load: () => import('./commands/restore.ts'),
  },
  {
    name: 'audit',
    summary: 'Verify, search and export the audit trail',
    usage: '<verify | search | export | key>',
    details:
      'verify reads every entry and says whether one was changed, removed, moved or slipped in, and whether the end was cut off; it ends with exit code 1 and the first such place. search lists the newest entries that match, export writes all of them. key prints the public key of the checkpoints. The key and the file of checkpoints are those in the data folder, unless AUDIT_KEY_FILE and AUDIT_CHECKPOINTS or the options name others.',
    examples: [
      'goblin audit verify',
      'goblin audit search --subject payment/p-17 --since 7d',
      `goblin audit search --action 'payment.*' --actor ada --text refund`,
      'goblin audit export --since 2026-10-01 --until 2026-11-01 --format csv > october.csv',
    ],
    options: {
      service: { type: 'string', value: '<role>', help: 'Only the trail of this service. Default: all' },
      from: { type: 'string', value: '<number>', help: 'verify: begin with this number of the chain' },
      to: { type: 'string', value: '<number>', help: 'verify: end with this number of the chain' },
      checkpoints: { type: 'string', value: '<file>', help: 'verify: the file of checkpoints' },
      key: { type: 'string', value: '<file>', help: 'verify: the public key, in PEM' },
      actor: { type: 'string', value: '<name>', help: 'Only what this one did' },
      tenant: { type: 'string', value: '<name>', help: 'Only what was done for this tenant' },
      action: { type: 'string', value: '<action>', help: 'Only this: payment.refunded, or payment.*' },
      subject: { type: 'string', value: '<type[/id]>', help: 'Only what was done to this: payment/p-17' },
      since: { type: 'string', value: '<time>', help: 'From this time on: a time, or a duration such as 2h' },
      until: { type: 'string', value: '<time>', help: 'Before this time' },
      text: { type: 'string', value: '<text>', help: 'Only entries with this text in them' },
      trace: { type: 'string', value: '<id>', help: 'Only what was done in this trace' },
      request: { type: 'string', value: '<id>', help: 'Only what was done in this request' },
      limit: { type: 'string', short: 'n', value: '<count>', help: 'search: at most so many. Default 50' },
      after: { type: 'string', value: '<id>', help: 'search: go on after this entry' },
      format: { type: 'string', value: '<format>', help: 'export: jsonl or csv. Default jsonl' },
      json,
    },
    completes: ['verify', 'search', 'export', 'key'],
    load: () => import('./commands/audit.ts'),
  },
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
    load: () => import('./commands/tasks.ts'),
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
    load: () => import('./commands/schedule.ts'),
  },
  {
    name: 'events',
    summary: 'Follow events, and see how far their consumers are behind',
    usage: '<ls [type] | tail [type]>',
    details:
      'ls shows each group of consumers, how many events it has not handled (counted up to 10,000) and for how long the oldest of them has been there. tail shows events as they are told, until Ctrl-C. The database is started where it does not run.',
    examples: [
      'goblin events ls',
      'goblin events tail payments.settled.v1 --from 1h',
      'goblin events tail --json',
    ],
    options: {
      from: {
        type: 'string',
        value: '<time>',
        help: 'tail: begin with events that are still kept, beginning or those of the last 1h. Default: those to come',
      },
      json,
    },
    completes: ['ls', 'tail'],
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'completion',
    summary: 'Print the completion script for a shell',
    usage: '<bash | zsh | fish>',
    examples: [
      'source <(goblin completion bash)',
      'goblin completion fish > ~/.config/fish/completions/goblin.fish',
    ],
    completes: ['bash', 'zsh', 'fish'],
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'help',
    summary: 'Show how to use a command',
    usage: '[command]',
    completes: 'commands',
    load: () => import('./commands/help.ts'),
  },
];
