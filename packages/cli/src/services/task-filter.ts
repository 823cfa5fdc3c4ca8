/** The options and arguments of `goblin tasks` that say which tasks are meant. */
import { type CommandContext, UsageError } from '../command.ts';

const STATES = ['ready', 'running', 'delayed', 'waiting', 'dead'] as const;

export interface TaskSelection {
  readonly owner?: string;
  readonly kind?: string;
  readonly ids?: number[];
  readonly keys?: string[];
  readonly state?: (typeof STATES)[number];
  readonly lane?: string;
  readonly tenant?: string;
  readonly code?: string;
}

/** @param ids as arguments. @throws UsageError */
export function taskSelection(context: CommandContext, ids: readonly string[]): TaskSelection {
  const { text } = context;
  const state = STATES.find((known) => known === text('state'));
  if (text('state') !== undefined && !state)
    throw new UsageError(`--state is one of ${STATES.join(', ')}, not ${JSON.stringify(text('state'))}`);
  const key = text('key');
  const texts = {
    owner: text('service'),
    kind: text('kind'),
    lane: text('lane'),
    tenant: text('tenant'),
    code: text('code'),
  };
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)),
    ...(ids.length > 0 && { ids: ids.map(taskId) }),
    ...(key !== undefined && { keys: [key] }),
    ...(state && { state }),
  };
}

/** @throws UsageError */
export function taskId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(
    `a task is named by its number, as goblin tasks ls shows it, not ${JSON.stringify(text)}`,
  );
}
