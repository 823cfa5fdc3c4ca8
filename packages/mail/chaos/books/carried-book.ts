/** Events that NATS carries to the branch: each is there once, in the order in which it was told, and has its effect there once. */
import { CARRIED } from '../work/definitions.ts';
import { type Breach, exactlyOnce } from './breach.ts';
import type { Evidence, PublishedEvent } from './evidence.ts';

const ARRIVED = {
  lost: 'no event is lost on its way to another site',
  twice: 'no event arrives twice at another site',
};
const HEARD = {
  lost: 'no group of another site skips an event',
  twice: 'no event has its effect twice at another site',
};
const ORDER = 'events arrive at another site in the order in which they were told';

export function carriedBook({ published, branch }: Evidence): Breach[] {
  if (!branch) return [];
  return CARRIED.flatMap(({ type }) => {
    const ours = (events: readonly PublishedEvent[]): PublishedEvent[] =>
      events.filter((event) => event.type === type).sort((one, other) => one.place - other.place);
    const sent = ours(published);
    const arrived = ours(branch.published);
    const ids = new Set(arrived.map(({ id }) => id));
    const heard = branch.heard.filter(({ event }) => ids.has(event));
    return [
      ...exactlyOnce(`carried ${type}`, namesOf(sent), namesOf(arrived), ARRIVED),
      ...exactlyOnce(`heard ${type}`, namesOf(sent), namesOf(heard), HEARD),
      ...outOfOrder(sent, arrived),
    ];
  });
}

function outOfOrder(sent: readonly PublishedEvent[], arrived: readonly PublishedEvent[]): Breach[] {
  const places = new Map(sent.map(({ name, place }) => [name, place]));
  const breaches: Breach[] = [];
  let before = 0;
  for (const { name, type } of arrived) {
    const place = places.get(name) ?? before;
    if (place < before)
      breaches.push({ promise: ORDER, item: `carried ${type} ${name}`, what: 'it came after a later one' });
    before = place;
  }
  return breaches;
}

function namesOf(items: readonly { readonly name: string }[]): string[] {
  return items.map(({ name }) => name);
}
