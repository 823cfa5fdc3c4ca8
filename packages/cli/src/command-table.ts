/** All commands, in the order in which help lists them. */
import type { CommandSpec } from './command.ts';
import { KEEPING } from './command-table/keeping.ts';
import { RUNNING } from './command-table/running.ts';
import { SHELL } from './command-table/shell.ts';
import { WATCHING } from './command-table/watching.ts';
import { WORKING } from './command-table/working.ts';
import { WRITING } from './command-table/writing.ts';

export { COMMON_OPTIONS } from './command-table/options.ts';

export const COMMANDS: readonly CommandSpec[] = [
  ...RUNNING,
  ...WRITING,
  ...KEEPING,
  ...WORKING,
  ...WATCHING,
  ...SHELL,
];
