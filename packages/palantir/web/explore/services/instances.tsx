/** The instances of a service: where each runs, since when, and what is wrong with it. */
import type { SwarmInstance, SwarmState } from '../../../src/swarm/swarm-state.ts';
import { age } from '../../shared/format.ts';
import { StateWord } from '../parts/state-word.tsx';
import { type Column, Table } from '../parts/table.tsx';

type Placed = SwarmInstance & { readonly node: string; readonly ageMs: number };

const COLUMNS: readonly Column<Placed>[] = [
  { name: 'Slot', cell: ({ slot }) => slot, order: ({ slot }) => slot },
  {
    name: 'Health',
    cell: ({ health, detail }) => (
      <>
        <StateWord word={health} />
        {detail && <small class="about">{detail}</small>}
      </>
    ),
    order: ({ health }) => health,
  },
  { name: 'Version', cell: ({ version }) => <code>{version || '–'}</code>, order: ({ version }) => version },
  { name: 'Node', cell: ({ node }) => node, order: ({ node }) => node },
  { name: 'Up for', cell: ({ ageMs }) => age(ageMs), order: ({ ageMs }) => ageMs, isNumber: true },
  { name: 'Instance', cell: ({ id }) => <code>{id}</code>, isExtra: true },
];

export function Instances({ service, swarm }: { service: string; swarm: SwarmState }) {
  const rows = swarm.nodes.flatMap(({ name: node, instances }) =>
    instances
      .filter((instance) => instance.service === service)
      .map((instance) => ({ ...instance, node, ageMs: swarm.atMs - instance.startedAtMs })),
  );
  if (rows.length === 0) return null;
  return (
    <section class="card">
      <h2>Instances</h2>
      <Table
        caption="Instances"
        sortName="instances"
        rows={rows.toSorted((one, other) => one.slot - other.slot)}
        columns={COLUMNS}
        keyOf={({ id }) => id}
      />
    </section>
  );
}
