/** The picture as tables, for keyboards and screen readers: always there for them, in sight when asked for or when the focus is in it.
 * Of a large swarm it lists those instances that are not well and those of the chosen service: a table of thousands helps nobody. */
import type { ComponentChildren } from 'preact';
import type { SwarmNode } from '../../src/swarm/swarm-state.ts';
import { age, count, duration, percent } from '../shared/format.ts';
import type { WallState } from '../shared/live.ts';
import { withQuery } from '../shared/location.ts';
import { byName } from './order.ts';
import { formatSelection, placesOf, type Selection, serviceOf } from './selection.ts';
import { instanceWords } from './words.ts';

const MAX_INSTANCES = 200;
const MAX_FLOWS = 100;

interface Props {
  readonly state: WallState;
  readonly nowMs: number;
  readonly selection: Selection | undefined;
  readonly isShown: boolean;
}

export function SwarmTable({ state, nowMs, selection, isShown }: Props) {
  const { services, flows, swarm } = state;
  const busiest = [...flows].sort((a, b) => b.requestsPerSecond - a.requestsPerSecond).slice(0, MAX_FLOWS);
  const nodes = [...swarm.nodes].sort(byName);
  return (
    <div id="swarm-table" class={`swarm-table ${isShown ? 'is-shown' : ''}`}>
      <Table
        caption="Services"
        head={['Service', 'State', 'Running', 'Requests/s', 'Failing', 'p95', 'Version', 'Restarts', 'More']}
      >
        {[...services].sort(byName).map((service) => (
          <tr key={service.name}>
            <Choice of={{ kind: 'service', service: service.name }}>{service.name}</Choice>
            <td class={`is-${service.state}`}>{service.state}</td>
            <td>
              {service.ready} of {service.wanted}
            </td>
            <td>{count(service.requestsPerSecond)}</td>
            <td>{percent(service.errorShare)}</td>
            <td>{service.p95Ms === 0 ? '–' : duration(service.p95Ms)}</td>
            <td>{versionsOf(state, service.name) ?? service.version}</td>
            <td>{service.restarts}</td>
            <td class="swarm-places">
              {placesOf(service.name).map(({ name, href }) => (
                <a key={name} href={href} aria-label={`${name} of ${service.name}`}>
                  {name}
                </a>
              ))}
            </td>
          </tr>
        ))}
      </Table>
      <Table caption="Calls" head={['From', 'To', 'Requests/s', 'Failing', 'p95']}>
        {busiest.map((flow) => (
          <tr key={`${flow.from}\n${flow.to}`}>
            <Choice of={{ kind: 'flow', from: flow.from, to: flow.to }}>{flow.from}</Choice>
            <td>{flow.to}</td>
            <td>{count(flow.requestsPerSecond)}</td>
            <td>{percent(flow.errorShare)}</td>
            <td>{duration(flow.p95Ms)}</td>
          </tr>
        ))}
      </Table>
      <Table caption="Nodes" head={['Node', 'Role', 'CPU', 'Memory', 'Heard of', 'Instances', 'Not healthy']}>
        {nodes.map((node) => (
          <tr key={node.name}>
            <Choice of={{ kind: 'node', node: node.name }}>{node.name}</Choice>
            <td>{node.role}</td>
            <td>{node.cpu === undefined ? '–' : percent(node.cpu)}</td>
            <td>{node.memory === undefined ? '–' : percent(node.memory)}</td>
            <td>{age(nowMs - node.seenAtMs)} ago</td>
            <td>{node.instances.length}</td>
            <td>{node.instances.filter(({ health }) => health !== 'healthy').length}</td>
          </tr>
        ))}
      </Table>
      <Instances nodes={nodes} service={selection && serviceOf(selection)} nowMs={nowMs} />
    </div>
  );
}

function Instances({
  nodes,
  service,
  nowMs,
}: {
  nodes: readonly SwarmNode[];
  service: string | undefined;
  nowMs: number;
}) {
  const all = nodes.flatMap((node) => node.instances.map((instance) => ({ node: node.name, instance })));
  const listed =
    all.length <= MAX_INSTANCES
      ? all
      : all
          .filter(({ instance }) => instance.health !== 'healthy' || instance.service === service)
          .slice(0, MAX_INSTANCES);
  const caption =
    listed.length === all.length
      ? 'Instances'
      : `Instances: ${listed.length} of ${count(all.length)}, those that are not healthy and those of the chosen service`;
  return (
    <Table caption={caption} head={['Instance', 'Node', 'Health', 'Version', 'Started']}>
      {listed.map(({ node, instance }) => (
        <tr key={`${node} ${instance.id}`}>
          <Choice of={{ kind: 'instance', node, service: instance.service, slot: instance.slot }}>
            {instance.service} {instance.slot}
          </Choice>
          <td>{node}</td>
          <td>{instanceWords(instance)}</td>
          <td>{instance.version}</td>
          <td>{age(nowMs - instance.startedAtMs)} ago</td>
        </tr>
      ))}
    </Table>
  );
}

function Table({
  caption,
  head,
  children,
}: {
  caption: string;
  head: readonly string[];
  children: ComponentChildren;
}) {
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          {head.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

function Choice({ of, children }: { of: Selection; children: ComponentChildren }) {
  return (
    <th scope="row">
      <a href={withQuery({ show: formatSelection(of) })}>{children}</a>
    </th>
  );
}

function versionsOf({ swarm }: WallState, name: string): string | undefined {
  const versions = swarm.services.find((service) => service.name === name)?.versions ?? [];
  return versions.length > 1 ? versions.join(' → ') : undefined;
}
