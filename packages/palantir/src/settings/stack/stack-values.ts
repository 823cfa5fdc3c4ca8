/** Values of a Compose file. Variables are put into texts before anything else is made of them, so a number may come as a text; lists
 * and maps may stand for each other in some places. */
import type { Spot } from '../shape/spot.ts';
import { described } from '../yaml/node.ts';
import { type Interpolated, interpolate, type Variables } from './interpolate.ts';

/** `1m30s`, `1.5s`, `500ms` */
const DURATION = /^(?:\d+(?:\.\d+)?(?:h|m|s|ms|us|ns))+$/;
const PART = /(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g;
const UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  ns: 0.000_001,
};
/** To the billionth, as Docker counts them. */
const CPUS = /^(?:\d+(?:\.\d{0,9})?|\.\d{1,9})$/;
/** `512M`, `1.5gb`, `64 MiB`: units are powers of 1,024, however they are written. */
const SIZE = /^(\d+(?:\.\d+)?) ?(?:b|([kmgtp])(?:i?b)?)?$/i;
const SIZE_UNITS = 'kmgtp';
/** Of a port and of replicas. */
const MAX_INTEGER = 1_000_000;

export class StackValues {
  readonly #variables: Variables;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  /** With what is missing in it; undefined where it is no text, which is told. */
  interpolated(spot: Spot | undefined): Interpolated | undefined {
    const { node } = spot ?? {};
    if (!spot || !node) return undefined;
    if (node.kind !== 'scalar' || node.value === null)
      return spot.wrong(`write a text, not ${described(node)}`);
    if (typeof node.value !== 'string')
      return { text: node.source.text.slice(node.start, node.end), missing: [] };
    const read = interpolate(node.value, this.#variables);
    return read.mistake ? spot.wrong(read.mistake.message, read.mistake.at) : read;
  }

  text(spot: Spot | undefined): string | undefined {
    return this.interpolated(spot)?.text;
  }

  /** From 0 on. */
  integer(spot: Spot | undefined): number | undefined {
    const read = this.interpolated(spot);
    if (!spot || !read) return undefined;
    const value = /^\d+$/.test(read.text) ? Number(read.text) : Number.NaN;
    if (value <= MAX_INTEGER) return value;
    return spot.wrong(`write a whole number, not ${JSON.stringify(read.text)}${because(read)}`);
  }

  isTrue(spot: Spot | undefined): boolean | undefined {
    const read = this.interpolated(spot);
    if (!spot || !read) return undefined;
    if (read.text === 'true' || read.text === 'false') return read.text === 'true';
    return spot.wrong(`write true or false, not ${JSON.stringify(read.text)}${because(read)}`);
  }

  durationMs(spot: Spot | undefined): number | undefined {
    const read = this.interpolated(spot);
    if (!spot || !read) return undefined;
    if (!DURATION.test(read.text))
      return spot.wrong(
        `write a duration such as 30s or 1m30s, not ${JSON.stringify(read.text)}${because(read)}`,
      );
    return [...read.text.matchAll(PART)].reduce(
      (sum, [, amount, unit]) => sum + Number(amount) * UNITS_MS[unit!]!,
      0,
    );
  }

  cpus(spot: Spot | undefined): number | undefined {
    const read = this.interpolated(spot);
    if (!spot || !read) return undefined;
    if (CPUS.test(read.text)) return Number(read.text);
    return spot.wrong(`write a number of CPUs such as 0.5, not ${JSON.stringify(read.text)}${because(read)}`);
  }

  bytes(spot: Spot | undefined): number | undefined {
    const read = this.interpolated(spot);
    if (!spot || !read) return undefined;
    const [, amount, unit = ''] = SIZE.exec(read.text) ?? [];
    const power = unit === '' ? 0 : SIZE_UNITS.indexOf(unit.toLowerCase()) + 1;
    const value = Math.trunc(Number(amount) * 1_024 ** power);
    if (Number.isSafeInteger(value)) return value;
    return spot.wrong(`write a size such as 512M or 2G, not ${JSON.stringify(read.text)}${because(read)}`);
  }

  choice<T extends string>(spot: Spot | undefined, words: readonly T[]): T | undefined {
    const read = this.interpolated(spot);
    if (!spot || !read) return undefined;
    const found = words.find((word) => word === read.text);
    return (
      found ??
      spot.wrong(`write one of ${words.join(', ')}, not ${JSON.stringify(read.text)}${because(read)}`)
    );
  }

  list(spot: Spot | undefined): readonly string[] {
    if (!spot) return [];
    if (spot.node.kind !== 'list') {
      spot.wrong(`write a list, each item behind a dash, not ${described(spot.node)}`);
      return [];
    }
    return spot.items().flatMap((item) => this.text(item) ?? []);
  }

  /** A list, or the keys of a map. */
  names(spot: Spot | undefined): readonly string[] {
    return spot?.node.kind === 'map' ? spot.keys() : this.list(spot);
  }

  /** A map, or a list of `key=value`. */
  pairs(spot: Spot | undefined): readonly (readonly [string, string])[] {
    if (spot?.node.kind !== 'map')
      return this.list(spot).map((pair) => {
        const [key, ...value] = pair.split('=');
        return [key!, value.join('=')];
      });
    return spot.keys().map((key) => {
      const value = spot.key(key)!;
      const isEmpty = value.node.kind === 'scalar' && value.node.value === null;
      return [key, isEmpty ? '' : (this.text(value) ?? '')];
    });
  }
}

function because({ missing }: Interpolated): string {
  return missing.length === 0 ? '' : `: ${missing.join(', ')} is not set here`;
}
