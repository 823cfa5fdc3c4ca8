/** The services of a stack beside what runs of them. */
import type { StackDifference } from '../../../src/settings/stack/compare-stack.ts';
import type { Stack, StackService } from '../../../src/settings/stack/stack.ts';
import type { SwarmState } from '../../../src/swarm/swarm-state.ts';

export interface ComparedStack extends Stack {
  readonly differences: readonly StackDifference[];
}

export interface StackRow {
  /** As it runs: `shop_tax`. */
  readonly name: string;
  /** `3 × registry.example.com/tax:1.4`; empty where it should not run. */
  readonly wanted: string;
  /** `2 × 1.4`; empty where nothing runs. */
  readonly found: string;
  readonly differences: readonly StackDifference[];
}

/** Those that differ first, each group in the order of the file. */
export function rowsOf(stack: ComparedStack, swarm: SwarmState | undefined): readonly StackRow[] {
  const byName = Map.groupBy(stack.differences, ({ service }) => service);
  const known = new Set([...(swarm?.services.map(({ name }) => name) ?? []), ...byName.keys()]);
  const rows = stack.services.map((service): StackRow => {
    const full = `${stack.name}_${service.name}`;
    const name =
      stack.name !== undefined && (known.has(full) || !known.has(service.name)) ? full : service.name;
    return {
      name,
      wanted: wantedOf(service),
      found: foundOf(name, swarm),
      differences: byName.get(name) ?? [],
    };
  });
  const named = new Set(rows.map(({ name }) => name));
  const others = [...byName].flatMap(([name, differences]): StackRow[] =>
    named.has(name) ? [] : [{ name, wanted: '', found: foundOf(name, swarm), differences }],
  );
  const all = [...rows, ...others];
  return [...all.filter(differs), ...all.filter((row) => !differs(row))];
}

export function differs({ differences }: StackRow): boolean {
  return differences.length > 0;
}

function wantedOf({ mode, replicas, image }: StackService): string {
  const times = mode.startsWith('global') ? 'on each node:' : `${replicas} ×`;
  return `${times} ${image ?? '(built)'}${mode.endsWith('job') ? ', a job' : ''}`;
}

function foundOf(name: string, swarm: SwarmState | undefined): string {
  const running = (swarm?.nodes ?? [])
    .flatMap(({ instances }) => instances)
    .filter(({ service, health }) => service === name && health !== 'stopped');
  if (running.length === 0) return '';
  const versions = [...new Set(running.map(({ version }) => version))].filter(Boolean);
  return `${running.length}${versions.length > 0 ? ` × ${versions.join(', ')}` : ''}`;
}
