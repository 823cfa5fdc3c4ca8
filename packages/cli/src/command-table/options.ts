/** Options that many commands have. */
import type { OptionSpec } from '../command.ts';

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

export const json: OptionSpec = { type: 'boolean', help: 'Print JSON, for programs' };
