/** The rules that are there without any file. They are written for who is woken by them: the summary says what is wrong, the description
 * what to look at. What pages is felt by users now, or will be within the hour; everything else is a ticket. Services that the rules do not
 * fit are left to rules of one's own: each default can be changed or left out by its name. */
import type { Rule } from './alert.ts';
import { PLATFORM_RULES } from './defaults/platform.ts';
import { SWARM_RULES } from './defaults/swarm.ts';
import { TRAFFIC_RULES } from './defaults/traffic.ts';
import { WORK_RULES } from './defaults/work.ts';

export const DEFAULT_RULES: readonly Rule[] = [
  ...TRAFFIC_RULES,
  ...SWARM_RULES,
  ...WORK_RULES,
  ...PLATFORM_RULES,
];
