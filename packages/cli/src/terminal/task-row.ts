/** A task as a row of cells: number, kind, key, state, attempt, when it is due, and what there is to say of it. */
import type { Client } from '@goblin/core';
import type { dataContract } from '@goblin/data/procedures';
import type { Colours } from './colours.ts';
import { localTime } from './when.ts';

export type ListedTask = Awaited<ReturnType<Client<typeof dataContract>['listTasks']>>[number];

export function taskRow(task: ListedTask, colours: Colours): string[] {
  return [
    String(task.id),
    task.kind,
    task.key ?? '-',
    colouredState(task.state, colours),
    String(task.attempt),
    task.dueAt === null ? '-' : localTime(task.dueAt),
    aboutTask(task),
  ];
}

export function colouredState(state: ListedTask['state'], { red, green, yellow, dim }: Colours): string {
  return { ready: yellow, running: green, delayed: dim, waiting: dim, dead: red }[state](state);
}

/** What there is to say of it, on one line. */
export function aboutTask({ progress, note, error, waitsFor, state }: ListedTask): string {
  return [
    progress === null || state === 'dead' ? '' : `${Math.round(progress * 100)} %`,
    note ?? '',
    waitsFor === null ? '' : `for ${waitsFor}`,
    error ? `${error.code}: ${error.message.split('\n', 1)[0]}` : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}
