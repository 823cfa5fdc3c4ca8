/** Commands that ask Palantir: what happens, what is wrong, and who has it. */
import type { CommandSpec } from '../command.ts';
import { json } from './options.ts';

export const WATCHING: readonly CommandSpec[] = [
  {
    name: 'top',
    summary: 'See how all services do, live',
    usage: '',
    details:
      'Requests per second, failures and durations over the last minute, instances, versions, and the alerts that fire. Goes on until Ctrl-C; where the output is no terminal, or with --json, it says it once.',
    examples: ['goblin top', 'goblin top --json'],
    options: { json },
    load: () => import('../commands/top.ts'),
  },
  {
    name: 'query',
    summary: 'Ask for metrics in PromQL',
    usage: '<promql>',
    details:
      'Without --since it asks for now; with it for that long until now, drawn as one line per series.',
    examples: [
      `goblin query 'sum by (service) (rate(rpc_server_call_duration_seconds_count[1m]))'`,
      `goblin query 'task_ready' --since 1h`,
    ],
    options: {
      since: { type: 'string', value: '<duration>', help: 'From so long ago until now: 1h' },
      step: {
        type: 'string',
        value: '<duration>',
        help: 'Between two values. Default: what fits the terminal',
      },
      json,
    },
    load: () => import('../commands/query.ts'),
  },
  {
    name: 'trace',
    summary: 'See one trace as a tree, or find traces',
    usage: '[id | query]',
    details:
      'An id has 32 hexadecimal digits, as in the log and in the header traceparent. Anything else is a query such as { service = "tax" && duration > 200ms }; without one the newest are listed.',
    examples: [
      'goblin trace 4bf92f3577b34da6a3ce929d0e0e4736',
      `goblin trace '{ status = error }' --since 10m`,
      'goblin trace --logs 4bf92f3577b34da6a3ce929d0e0e4736',
    ],
    options: {
      since: { type: 'string', value: '<duration>', help: 'Only those of the last so long. Default 1h' },
      limit: { type: 'string', short: 'n', value: '<count>', help: 'At most so many. Default 20' },
      logs: { type: 'boolean', help: 'Show the log lines of the trace too' },
      json,
    },
    load: () => import('../commands/trace.ts'),
  },
  {
    name: 'alerts',
    summary: 'See what fires, and silence it for a while',
    usage: '[ls | rules | silences | silence <matcher…> | unsilence <id>]',
    details:
      'A matcher is label=value, label!=value, label=~pattern or label!~pattern; rule=<name> is one of them. What is silenced goes on being watched and is not told.',
    examples: [
      'goblin alerts',
      `goblin alerts silence rule=ServiceDown service=tax --for 2h --why 'it moves to the new host'`,
      'goblin alerts silences',
      'goblin alerts unsilence 3',
    ],
    options: {
      for: { type: 'string', value: '<duration>', help: 'silence: for so long. Default 1h' },
      why: { type: 'string', value: '<text>', help: 'silence: the reason, which is shown to all' },
      by: { type: 'string', value: '<name>', help: 'Who does it. Default: the user of this terminal' },
      json,
    },
    completes: ['ls', 'rules', 'silences', 'silence', 'unsilence'],
    load: () => import('../commands/alerts.ts'),
  },
  {
    name: 'incident',
    summary: 'See incidents, take them, hand them over, write them up',
    usage: '[ls | show <id> | ack <id> | assign <id> <who> | note <id> <text> | resolve <id> | report <id>]',
    details: 'report writes the whole story in Markdown to standard output.',
    examples: [
      'goblin incident',
      'goblin incident ack 7',
      'goblin incident assign 7 ada',
      `goblin incident note 7 'the new release of tax cannot reach its database'`,
      'goblin incident report 7 > incident-7.md',
    ],
    options: {
      by: { type: 'string', value: '<name>', help: 'Who does it. Default: the user of this terminal' },
      json,
    },
    completes: ['ls', 'show', 'ack', 'assign', 'note', 'resolve', 'report'],
    load: () => import('../commands/incident.ts'),
  },
  {
    name: 'palantir',
    summary: 'Open the pages of what is watched; check the rules, notifiers and dashboards of a project',
    usage: '<link [page] | check [folder] | schema>',
    details:
      'link prints the address that lets a browser in, to a page such as /tv. check reads the YAML files in palantir/ beside the config file, or where the app model or the argument says, with the Compose files that they name. Each mistake is a line, file:line:column and what would be right; with any the exit code is 1. schema is for editors, which complete and check by it while one writes.',
    examples: [
      'goblin palantir link /tv',
      'goblin palantir check',
      'goblin palantir check deploy/palantir --json',
      'goblin palantir schema > palantir/.schema.json',
    ],
    options: { json },
    completes: ['link', 'check', 'schema'],
    load: () => import('../commands/palantir.ts'),
  },
];
