/** Fields that Telegraf reckons from what it reads, and that we do not keep because they can be reckoned. They are added where what they
 * are made of is there. */
import type { FieldPlace, FieldType } from './measurements.ts';

interface Value {
  readonly value: number;
  readonly place: FieldPlace;
}

type Values = ReadonlyMap<string, Value>;

/** @param texts gets the fields that are texts */
export function reckoned(values: Values, texts: object): Map<string, Value> {
  const all = new Map(values);
  const [first] = values.values();
  const { measurement } = first!.place;
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
  } else if (measurement === 'docker_container_health' && values.has('healthy')) {
    Object.assign(texts, { health_status: healthStatus(of('healthy'), of('failing_streak')) });
  }
  return all;
}

/** A check that has not failed and is not well yet has not run. */
function healthStatus(healthy: number, failingStreak: number): string {
  if (healthy > 0) return 'healthy';
  return failingStreak === 0 ? 'starting' : 'unhealthy';
}
