/** `goblin tasks tail`: what happens to tasks, as a line each. It looks twice a second, so what begins and ends between two
 * looks goes unseen, and it follows the oldest 1,000 that match. */
import { sleep } from '@goblin/core';
import type { dataProcedures } from '@goblin/data/procedures';
import type { CommandContext } from '../command.ts';
import { onSignals } from '../run/signals.ts';
import type { TaskSelection } from '../services/task-filter.ts';
import { coloursFor } from '../terminal/colours.ts';
import { type ListedTask, taskRow } from '../terminal/task-row.ts';

const LOOK_MS = 500;
const FOLLOWED = 1_000;

export async function tail(
  context: CommandContext,
  data: ReturnType<typeof dataProcedures>,
  selection: TaskSelection,
): Promise<void> {
  const stop = new AbortController();
  const offSignals = onSignals(() => stop.abort());
  const colours = coloursFor(context.io.stdout, context.io.env);
  const say = (task: ListedTask, change: string): void => {
    const [id, kind, key, state, attempt, , about] = taskRow(task, colours);
    if (context.flag('json')) context.io.stdout.write(`${JSON.stringify({ change, ...task })}\n`);
    else
      context.print(
        [time(), id, kind, key, change === 'gone' ? 'gone' : state, attempt, about].join('  ').trimEnd(),
      );
  };
  let known = new Map<number, ListedTask>();
  let isFirst = true;
  try {
    while (!stop.signal.aborted) {
      const found = (await data.listTasks({ ...selection, limit: FOLLOWED })) as ListedTask[];
      const now = new Map(found.map((task) => [task.id, task]));
      for (const task of found) {
        const before = known.get(task.id);
        if (before ? stageOf(before) !== stageOf(task) : !isFirst) say(task, before ? 'changed' : 'new');
      }
      // Finished, canceled, or no longer among those that match.
      for (const [id, task] of known) if (!now.has(id)) say(task, 'gone');
      known = now;
      isFirst = false;
      await sleep(LOOK_MS, stop.signal).catch(() => {});
    }
  } finally {
    offSignals();
  }
}

function stageOf({ state, attempt, waitsFor, progress, note }: ListedTask): string {
  return JSON.stringify([state, attempt, waitsFor, progress, note]);
}

function time(): string {
  return new Date().toTimeString().slice(0, 8);
}
