/** The values that the lines shown have most: of service, level and each attribute, to be clicked. */
import type { LogLine } from '../../../src/model.ts';
import { levelOf } from '../parts/severity.ts';

export interface FacetValue {
  readonly value: string;
  readonly count: number;
}

export interface Facet {
  readonly name: string;
  /** The most frequent first, MAX_VALUES at most. */
  readonly values: readonly FacetValue[];
  /** How many values there are. */
  readonly distinct: number;
}

const MAX_VALUES = 8;
const MAX_FACETS = 12;
const MAX_VALUE_LENGTH = 200;

/** Service and level first, then the attributes that most lines have. One whose every line has another value (an id) says nothing
 * and comes last. */
export function facetsOf(lines: readonly LogLine[]): Facet[] {
  const attributes = new Map<string, Map<string, number>>();
  const fixed = { service: new Map<string, number>(), level: new Map<string, number>() };
  for (const line of lines) {
    add(fixed.service, line.service);
    add(fixed.level, levelOf(line.severity));
    for (const name in line.attributes) {
      let values = attributes.get(name);
      if (!values) {
        values = new Map();
        attributes.set(name, values);
      }
      add(values, line.attributes[name]!);
    }
  }
  const others = [...attributes]
    .map(([name, values]) => ({ facet: facetOf(name, values), weight: weightOf(values) }))
    .sort((one, other) => other.weight - one.weight || (one.facet.name < other.facet.name ? -1 : 1))
    .map(({ facet }) => facet);
  return [facetOf('service', fixed.service), facetOf('level', fixed.level), ...others.slice(0, MAX_FACETS)];
}

function add(values: Map<string, number>, value: string): void {
  if (value.length <= MAX_VALUE_LENGTH) values.set(value, (values.get(value) ?? 0) + 1);
}

function facetOf(name: string, values: ReadonlyMap<string, number>): Facet {
  const sorted = [...values]
    .map(([value, count]) => ({ value, count }))
    .sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1));
  return { name, values: sorted.slice(0, MAX_VALUES), distinct: sorted.length };
}

/** Lines that share their value with another one. */
function weightOf(values: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const count of values.values()) if (count > 1) shared += count;
  return shared;
}
