/** Commands for who writes services: begin one, and see what it answers, promises and needs. */
import type { CommandSpec } from '../command.ts';
import { json } from './options.ts';

export const WRITING: readonly CommandSpec[] = [
  {
    name: 'new',
    summary: 'Begin a service: contract, implementation, test, and its line in the config file',
    usage: '<name>',
    examples: ['goblin new badge'],
    options: { json },
    load: () => import('../commands/new.ts'),
  },
  {
    name: 'routes',
    summary: 'List what the edge and the services answer',
    usage: '[service …]',
    options: { json },
    completes: 'services',
    load: () => import('../commands/routes.ts'),
  },
  {
    name: 'openapi',
    summary: 'Print contracts as an OpenAPI 3.1 document',
    usage: '[service …]',
    examples: ['goblin openapi payments > payments.json'],
    completes: 'services',
    load: () => import('../commands/openapi.ts'),
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
    load: () => import('../commands/contract.ts'),
  },
  {
    name: 'config',
    summary: 'List the settings of services and where each value comes from',
    usage: '[service …]',
    options: { json },
    completes: 'services',
    load: () => import('../commands/config.ts'),
  },
];
