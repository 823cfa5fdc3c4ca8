/** All services with their numbers; beside them the swarm, small, what is wrong, and what was changed last. */
import type { ServiceSummary } from '../../src/live/wall-state.ts';
import { age, count, duration, percent } from '../shared/format.ts';
import type { WallState } from '../shared/live.ts';
import { Sign } from '../shared/sign.tsx';
import { inOrder } from '../swarm/order.ts';
import { SwarmPicture } from '../swarm/swarm-picture.tsx';
import { servicesPerScreen } from './screens.ts';
import { Sparkline } from './sparkline.tsx';
import { textSize } from './text-size.ts';

const LAST_CHANGES = 3;
/** Beside them what is wrong is told, which comes first. */
const CHANGES_BESIDE = 1;
const REASONS = 2;
/** Of the text of the wall: the small picture has no text, its sizes follow this. */
const SMALL = 0.4;

export function OverviewScreen({ state, nowMs, page }: { state: WallState; nowMs: number; page: number }) {
  const count = servicesPerScreen(state);
  const services = inOrder(state.services).slice(page * count, (page + 1) * count);
  const { nodes } = state.swarm;
  const [ready, wanted] = [sum(state.services, 'ready'), sum(state.services, 'wanted')];
  const text = textSize();
  const reasons = services
    .filter(({ state, detail }) => state !== 'ok' && detail !== undefined)
    .slice(0, REASONS);
  const changes = state.changes.slice(0, reasons.length > 0 ? CHANGES_BESIDE : LAST_CHANGES);
  return (
    <div class="wall-overview">
      <table class="wall-services">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Rate</th>
            <th scope="col">Failing</th>
            <th scope="col">p95</th>
            <th scope="col">30 min</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <Line key={service.name} service={service} />
          ))}
        </tbody>
      </table>
      <aside class="wall-aside" aria-label="Swarm and changes">
        <h2>
          {nodes.length === 1 ? nodes[0]!.name : `${nodes.length} nodes`}{' '}
          <span class={ready < wanted ? 'is-degraded' : 'wall-quiet'}>
            {ready < wanted ? `${wanted - ready} missing` : 'all ready'}
          </span>
        </h2>
        <div class="wall-small">
          <SwarmPicture
            state={state}
            nowMs={nowMs}
            text={text * SMALL}
            smallText={0}
            label="The swarm"
            isNodesOnly
          />
        </div>
        {reasons.length > 0 && (
          <ul class="wall-last wall-why" aria-label="What is wrong">
            {reasons.map(({ name, state: health, detail }) => (
              <li key={name}>
                <span class="wall-lines">
                  <Sign state={health} /> {withName(name, detail!)}
                </span>
              </li>
            ))}
          </ul>
        )}
        <h2>Last changes</h2>
        <ul class="wall-last">
          {changes.map(({ id, title, atMs }) => (
            <li key={id}>
              <span class="wall-lines">{title}</span>
              <span class="wall-quiet">{age(nowMs - atMs)} ago</span>
            </li>
          ))}
          {state.changes.length === 0 && <li class="wall-quiet">None within a day</li>}
        </ul>
      </aside>
    </div>
  );
}

function Line({ service }: { service: ServiceSummary }) {
  const { name, state, requestsPerSecond, errorShare, p95Ms, history } = service;
  return (
    <tr class={`is-line-${state}`}>
      <th scope="row">
        <Sign state={state} />
        <span>{name}</span>
      </th>
      <td>{count(requestsPerSecond)}/s</td>
      <td class={errorShare >= 0.01 ? 'is-down' : ''}>{percent(errorShare)}</td>
      <td>{p95Ms === 0 ? '–' : duration(p95Ms)}</td>
      <td>
        <Sparkline values={history} />
      </td>
    </tr>
  );
}

/** What an alert says names its service already. */
function withName(name: string, detail: string): string {
  return detail.startsWith(`${name}:`) ? detail : `${name}: ${detail}`;
}

function sum(services: readonly ServiceSummary[], of: 'ready' | 'wanted'): number {
  return services.reduce((all, service) => all + service[of], 0);
}
