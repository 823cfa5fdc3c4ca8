/** Commands that run a project, and see, change and disturb what runs. */
import type { CommandSpec } from '../command.ts';
import { json } from './options.ts';

export const RUNNING: readonly CommandSpec[] = [
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
    load: () => import('../commands/up.ts'),
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
    load: () => import('../commands/run.ts'),
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
    load: () => import('../commands/call.ts'),
  },
  {
    name: 'healthcheck',
    summary: 'Ask the service of this container how it is, for a HEALTHCHECK in its image',
    usage: '',
    details:
      'Asks on loopback at GOBLIN_PORT, says why in one line, and exits with 0 or 1. It loads nothing of the project. Without --ready it asks only whether the process is alive: engines end what is unhealthy, and that mends no database.',
    examples: [
      'goblin healthcheck',
      'goblin healthcheck --ready --deadline 2s',
      'goblin healthcheck --port 8443 --tls',
    ],
    options: {
      port: { type: 'string', value: '<port>', help: 'Where the service listens. Default: GOBLIN_PORT' },
      ready: {
        type: 'boolean',
        help: 'Ask whether it can work: its own checks too, such as of its database',
      },
      tls: {
        type: 'boolean',
        help: 'Ask by TLS, as an edge with a certificate listens; the certificate is not looked at',
      },
      deadline: { type: 'string', value: '<duration>', help: 'How long to wait. Default 3s' },
      json,
    },
    load: () => import('../commands/healthcheck.ts'),
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
    load: () => import('../commands/ls.ts'),
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
    load: () => import('../commands/peers.ts'),
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
    load: () => import('../commands/fault.ts'),
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
    load: () => import('../commands/logs.ts'),
  },
  {
    name: 'scale',
    summary: 'Change how many instances of a service run',
    usage: '<service>=<instances> …',
    details: 'Speaks to the `goblin up` that runs; the next start begins again with what the app model says.',
    examples: ['goblin scale tax=3', 'goblin scale tax=2 payments=4'],
    options: { json },
    completes: 'services',
    load: () => import('../commands/scale.ts'),
  },
  {
    name: 'restart',
    summary: 'Replace the instances of a service, or one instance, without a gap',
    usage: '<service | instance> …',
    examples: ['goblin restart tax', 'goblin restart tax-1f9c04'],
    options: { json },
    completes: 'services',
    load: () => import('../commands/restart.ts'),
  },
];
