/** Who calls a service and whom it calls, by what flowed within the last minute. */
import { count, duration, percent } from '../../shared/format.ts';
import type { Flow } from '../../shared/live.ts';
import { moveThroughItems } from '../parts/arrow-keys.ts';

export function Dependencies({ service, flows }: { service: string; flows: readonly Flow[] }) {
  return (
    <section class="card">
      <h2>Dependencies</h2>
      <div class="pair">
        <Flows title="Called by" flows={flows.filter(({ to }) => to === service)} end="from" />
        <Flows title="Calls" flows={flows.filter(({ from }) => from === service)} end="to" />
      </div>
    </section>
  );
}

function Flows({ title, flows, end }: { title: string; flows: readonly Flow[]; end: 'from' | 'to' }) {
  const busiest = flows.toSorted((one, other) => other.requestsPerSecond - one.requestsPerSecond);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it passes the keys of its items on
    <div onKeyDown={moveThroughItems}>
      <h3>{title}</h3>
      {busiest.length === 0 && <p class="quiet">nobody within the last minute</p>}
      <ul class="flows">
        {busiest.map((flow) => (
          <li key={flow[end]}>
            <a href={`/explore/services/${encodeURIComponent(flow[end])}`} data-item>
              {flow[end]}
            </a>
            <span>{count(flow.requestsPerSecond)}/s</span>
            <span class={flow.errorShare > 0.01 ? 'is-down' : ''}>{percent(flow.errorShare)} errors</span>
            <span>{duration(flow.p95Ms)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
