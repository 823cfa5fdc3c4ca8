/** All services: what each does, who has it, and how it does now; those that are not well come first. */
import type { ServiceDetail } from '../../../src/live/service-detail.ts';
import { count, duration, percent } from '../../shared/format.ts';
import { useLive } from '../../shared/live.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { Page } from '../../shared/page.tsx';
import { inOrder } from '../../swarm/order.ts';
import { StateWord } from '../parts/state-word.tsx';
import { Empty, HowToSend, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { seenNow } from './seen-now.ts';
import { Sparkline } from './sparkline.tsx';

const STATE_ORDER = ['down', 'degraded', 'unknown', 'ok'];

const COLUMNS: readonly Column<ServiceDetail>[] = [
  {
    name: 'Service',
    cell: ({ name, about }) => (
      <>
        <a href={`/explore/services/${encodeURIComponent(name)}`} data-item>
          {name}
        </a>
        {about && <small class="about">{about}</small>}
      </>
    ),
    order: ({ name }) => name,
  },
  {
    name: 'State',
    cell: ({ state, detail }) => (
      <>
        <StateWord word={state} title={detail} />
        {detail && <small class="about">{detail}</small>}
      </>
    ),
    order: ({ state }) => STATE_ORDER.indexOf(state),
  },
  {
    name: 'Rate',
    cell: ({ requestsPerSecond }) => `${count(requestsPerSecond)}/s`,
    order: ({ requestsPerSecond }) => requestsPerSecond,
    isNumber: true,
    isExtra: true,
  },
  { name: 'Last 30 min', cell: ({ history }) => <Sparkline values={history} />, isExtra: true },
  {
    name: 'Errors',
    cell: ({ errorShare }) => <span class={errorShare > 0.01 ? 'is-down' : ''}>{percent(errorShare)}</span>,
    order: ({ errorShare }) => errorShare,
    isNumber: true,
  },
  {
    name: 'p95',
    cell: ({ p95Ms }) => (p95Ms > 0 ? duration(p95Ms) : '–'),
    order: ({ p95Ms }) => p95Ms,
    isNumber: true,
  },
  {
    name: 'Instances',
    cell: ({ ready, wanted }) => (
      <span class={ready < wanted ? 'is-down' : ''}>{`${ready} of ${wanted}`}</span>
    ),
    order: ({ ready }) => ready,
    isNumber: true,
    isExtra: true,
  },
  {
    name: 'Version',
    cell: ({ version }) => <code>{version || '–'}</code>,
    order: ({ version }) => version,
    isExtra: true,
  },
];

const OWNER: Column<ServiceDetail> = {
  name: 'Owner',
  cell: ({ owner }) => owner ?? '–',
  order: ({ owner }) => owner ?? '',
  isExtra: true,
};

export default function CataloguePage() {
  const { state } = useLive();
  const { query } = useLocation();
  const { data: known } = useAnswer<ServiceDetail[]>('/palantir/services');
  const words = (query.get('find') ?? '').toLowerCase();
  const details = new Map(known?.map((service) => [service.name, service]));
  const all = inOrder(
    state?.services.map((service) => seenNow(details.get(service.name), service)) ?? known ?? [],
  );
  const shown = all.filter((service) =>
    [service.name, service.owner, service.about, service.state].some((text) =>
      text?.toLowerCase().includes(words),
    ),
  );
  const hasOwners = all.some((service) => service.owner !== undefined);
  return (
    <Page title="Services">
      {all.length > 0 && (
        <div class="tools">
          <input
            type="search"
            data-query
            aria-label="Find a service"
            placeholder="Find by name, owner or state"
            value={query.get('find') ?? ''}
            onInput={(event) => go(withQuery({ find: event.currentTarget.value }), true)}
          />
          <span class="quiet">
            {shown.length} of {all.length}
          </span>
        </div>
      )}
      {!state && !known && <Loading what="services" />}
      {(state ?? known) && all.length === 0 && (
        <Empty title="No services are known yet">
          <p>
            What <code>goblin up</code> runs, and what sends telemetry, is listed here.
          </p>
          <HowToSend path="/v1/metrics" />
        </Empty>
      )}
      {all.length > 0 && (
        <Table
          caption="Services"
          rows={shown}
          columns={hasOwners ? COLUMNS.toSpliced(1, 0, OWNER) : COLUMNS}
          keyOf={({ name }) => name}
        />
      )}
    </Page>
  );
}
