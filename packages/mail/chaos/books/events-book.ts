/** Events: each is told if and only if its transaction was kept; each group has heard each once, and in one order. */
import { GROUPS } from '../work/consumers.ts';
import { finished, noted, placed } from '../work/definitions.ts';
import { type Breach, exactlyOnce } from './breach.ts';
import type { Evidence, HeardEvent, PublishedEvent } from './evidence.ts';

const PUBLISHED = {
  lost: 'an event is told if its transaction was kept',
  twice: 'a transaction that publishes once is told once',
};
const HEARD = {
  lost: 'no group skips an event',
  twice: 'no event has its effect twice in a group',
};
const ORDER = 'a group hears events in the order of their transactions';

export function eventsBook({ asked, published, heard, effects }: Evidence): Breach[] {
  const singles = effects.filter(({ kind }) => kind === 'single').map(({ name }) => name);
  const expected: readonly (readonly [string, Iterable<string>])[] = [
    [placed.type, asked.order],
    [noted.type, asked.noted],
    [finished.type, singles],
  ];
  const breaches = expected.flatMap(([type, names]) =>
    exactlyOnce(type, names, namesOf(published, type), PUBLISHED),
  );
  const byId = new Map(published.map((event) => [event.id, event]));
  for (const { group, type } of GROUPS) {
    const own = heard.filter((one) => one.group === group && byId.get(one.event)?.type === type);
    const names = own.map(({ name }) => name);
    breaches.push(...exactlyOnce(`${group} ${type}`, namesOf(published, type), names, HEARD));
    breaches.push(...outOfOrder(group, own, byId));
  }
  for (const { group, event, name } of heard) {
    if (!byId.has(event))
      breaches.push({
        promise: PUBLISHED.lost,
        item: `${group} ${name}`,
        what: `it was heard as ${event}, and is not there`,
      });
  }
  return breaches;
}

function outOfOrder(
  group: string,
  own: readonly HeardEvent[],
  byId: ReadonlyMap<number, PublishedEvent>,
): Breach[] {
  const places = own.map(({ event }) => byId.get(event)!.place);
  return own
    .filter((_, at) => at > 0 && places[at]! < places[at - 1]!)
    .map(({ name, event }) => ({
      promise: ORDER,
      item: `${group} ${name}`,
      what: `${event} was heard after one that stands behind it`,
    }));
}

function namesOf(published: readonly PublishedEvent[], type: string): string[] {
  return published.filter((event) => event.type === type).map(({ name }) => name);
}
