/** Fields that Telegraf reckons from what it reads, and that we do not keep because they can be reckoned. They are added where what they
 * are made of is there. */
import type { FieldPlace, FieldType } from './measurements.ts';

interface Value {
  readonly value: number;
  readonly place: FieldPlace;
}

type Values = ReadonlyMap<string, Value>;

export function reckoned(values: Values): Map<string, Value> {
  const all = new Map(values);
  const [first] = values.values();
  if (!first) return all;
  const { measurement } = first.place;
  const of = (name: string): number => values.get(name)?.value ?? Number.NaN;
  const add = (field: string, value: number, type: FieldType): void => {
    if (Number.isFinite(value) && !all.has(field))
      all.set(field, { value, place: { measurement, field, type } });
  };
  if (measurement === 'mem') {
    const used = of('total') - of('free') - of('buffered') - of('cached');
    add('used', used, 'integer');
    add('used_percent', (used / of('total')) * 100, 'float');
    add('available_percent', (of('available') / of('total')) * 100, 'float');
  } else if (measurement === 'disk') {
    const used = of('total') - of('unused');
    all.delete('unused');
    add('used', used, 'integer');
    // As df has it: what is kept for root counts for neither side.
    add('used_percent', (used / (used + of('free'))) * 100, 'float');
    add('inodes_used', of('inodes_total') - of('inodes_free'), 'integer');
  }
  return all;
}
