/** Changes JSON as what it means: bytes changed by chance seldom leave a text that is JSON and says something else. */
import type { Random } from './random.ts';

/** Written as text, because some of it no value could be. */
const VALUES: readonly string[] = [
  'null',
  'true',
  'false',
  '0',
  '-1',
  '1',
  '0.5',
  '1e999',
  '-0',
  '65535',
  '65536',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '""',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  '"😀"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"length":9}',
  '{"toString":1}',
  '{"toJSON":1}',
  '{"then":1}',
  '{"__proto__":{"x":1}}',
  '{"constructor":{"prototype":1}}',
];
const KEYS: readonly string[] = ['__proto__', 'constructor', 'toString', 'length', '0', ''];

/** The text with one value or key changed; undefined when it is no JSON, or has nothing to change. */
export function mutateJson(text: string, random: Random): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const root: Holder = { '': value };
  const places = placesIn(root);
  const { holder, key } = random.pick(places);
  /** Stands where the new text goes. */
  const mark = `~${random.below(2 ** 31)}~`;
  switch (random.below(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else if (holder !== root) delete holder[key];
      break;
    case 1: {
      const other = random.pick(places);
      // A copy: an object that holds itself is no JSON.
      set(holder, key, JSON.parse(JSON.stringify(other.holder[other.key])));
      break;
    }
    case 2:
      if (Array.isArray(holder)) holder.push(holder[Number(key)]);
      else set(holder, random.pick(KEYS), holder[key]);
      break;
    default:
      set(holder, key, mark);
  }
  return JSON.stringify(root['']).replace(`"${mark}"`, () => random.pick(VALUES));
}

type Holder = Record<string, unknown>;

interface Place {
  readonly holder: Holder;
  readonly key: string;
}

/** Itself first. */
function placesIn(holder: Holder, places: Place[] = []): Place[] {
  for (const key of Object.keys(holder)) {
    places.push({ holder, key });
    const value = holder[key];
    if (typeof value === 'object' && value !== null && places.length < 1_000)
      placesIn(value as Holder, places);
  }
  return places;
}

/** As an own property, whatever its name. */
function set(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}
