/** Which notifiers a message goes to. What begins goes by the routes; what follows goes to who was told of the beginning, so that who
 * was woken hears that it is over, whatever the routes say by then. */
import type { Severity } from '../alerts/alert.ts';
import { isBeginning, isUpdate, type Message } from './message.ts';
import type { Notifier } from './notifier.ts';
import type { Route } from './settings.ts';

/** One notifier is told; the others stand in for it, in this order. */
export type Target = readonly [name: string, ...standIns: string[]];

export interface Routing {
  readonly routes: readonly Route[];
  readonly notifiers: ReadonlyMap<string, Notifier>;
  /** Who was told of the thread before. */
  readonly told: readonly string[];
}

export function targetsOf(message: Message, { routes, notifiers, told }: Routing): readonly Target[] {
  const takes = (name: string): boolean => notifiers.get(name)?.takes(message) === true;
  const firstOf = (names: readonly string[]): Target[] => {
    const [first, ...others] = names.filter(takes);
    return first === undefined ? [] : [[first, ...others]];
  };
  const matching = routes.filter((route) => matches(route, message));
  const ofPerson = (message.recipient?.to ?? []).filter(takes).map((name): Target => [name]);
  const hearing = told.filter((name) => notifiers.has(name));
  if (!isBeginning(message) && hearing.length > 0) {
    const follow = hearing
      .filter(takes)
      .map((name): Target => [name, ...standInsOf(name, matching).filter(takes)]);
    return distinct([...follow, ...ofPerson]);
  }
  if (isUpdate(message)) return [];
  return distinct([...matching.flatMap(({ to }) => firstOf(to)), ...ofPerson]);
}

/** Those after it in the first route that names it. */
function standInsOf(name: string, routes: readonly Route[]): readonly string[] {
  const to = routes.find((route) => route.to.includes(name))?.to ?? [];
  return to.slice(to.indexOf(name) + 1);
}

function matches({ severity, services }: Route, message: Message): boolean {
  if (severity !== message.severity) return false;
  return services === undefined || message.services.some((service) => services.some(nameLike(service)));
}

/** `pay*` stands for payments. */
function nameLike(service: string): (pattern: string) => boolean {
  return (pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 's').test(service);
  };
}

/** Each notifier once; the first way to it counts. */
function distinct(targets: readonly Target[]): readonly Target[] {
  const byName = new Map<string, Target>();
  for (const target of targets) if (!byName.has(target[0])) byName.set(target[0], target);
  return [...byName.values()];
}

/** Where no routes are written. */
export function defaultRoutes(names: readonly string[]): readonly Route[] {
  if (names.length === 0) return [];
  return (['page', 'ticket'] as const satisfies Severity[]).map((severity) => ({ severity, to: names }));
}
