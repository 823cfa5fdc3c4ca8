/** What is different between two settings, in one line for the change log. */
import { isDeepStrictEqual } from 'node:util';
import type { Settings } from './settings.ts';

const MAX_NAMES = 5;

/** `tax is slow changed, disk is full added`; undefined when they are the same. Moving something within its file is no change. */
export function whatChanged(before: Settings, after: Settings): string | undefined {
  const changes = [
    ...named('rule', before.rules.map(withoutSource), after.rules.map(withoutSource)),
    ...named('dashboard', before.dashboards.map(withoutSource), after.dashboards.map(withoutSource)),
    ...named('service', entriesOf(before.catalogue), entriesOf(after.catalogue)),
    ...named('stack', before.stacks.map(byFile), after.stacks.map(byFile)),
    ...named('notifier', before.notify.notifiers ?? [], after.notify.notifiers ?? []),
    ...named('exporter', before.exports.exporters ?? [], after.exports.exporters ?? []),
    ...(isDeepStrictEqual(before.collect, after.collect) ? [] : ['what is collected changed']),
    ...(['routes', 'templates', 'rota', 'heartbeat'] as const)
      .filter((key) => !isDeepStrictEqual(before.notify[key], after.notify[key]))
      .map((key) => `${key === 'templates' ? 'messages' : key} changed`),
  ];
  return changes.length === 0 ? undefined : changes.join('; ');
}

interface Named {
  readonly name: string;
}

function named(what: string, before: readonly Named[], after: readonly Named[]): string[] {
  const old = new Map(before.map((one) => [one.name, one]));
  const now = new Map(after.map((one) => [one.name, one]));
  const added = [...now.keys()].filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !now.has(name));
  const changed = [...now.keys()].filter(
    (name) => old.has(name) && !isDeepStrictEqual(old.get(name), now.get(name)),
  );
  return [['added', added] as const, ['changed', changed] as const, ['removed', removed] as const].flatMap(
    ([how, names]) =>
      names.length === 0 ? [] : `${what}${names.length === 1 ? '' : 's'} ${how}: ${shown(names)}`,
  );
}

function shown(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return names.slice(0, MAX_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function withoutSource<T extends Named & { readonly source: string }>({ source: _, ...rest }: T): Named {
  return rest as unknown as Named;
}

function entriesOf(catalogue: Settings['catalogue']): Named[] {
  return Object.entries(catalogue).map(([name, entry]) => ({ name, ...entry }));
}

function byFile(stack: Settings['stacks'][number]): Named {
  return { ...stack, name: stack.file };
}
