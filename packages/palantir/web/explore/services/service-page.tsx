/** One service: how it does, where it runs, who depends on it, what failed and what was changed lately, and who has it. */
import type { ServiceDetail } from '../../../src/live/service-detail.ts';
import { count, duration, percent } from '../../shared/format.ts';
import { useLive } from '../../shared/live.ts';
import { Page } from '../../shared/page.tsx';
import { ChangeList } from '../changes/change-list.tsx';
import { RecentErrors } from '../errors/recent-errors.tsx';
import { quoted } from '../parts/prometheus.ts';
import { RangePicker } from '../parts/range-picker.tsx';
import { StateWord } from '../parts/state-word.tsx';
import { Empty } from '../parts/states.tsx';
import { isMissing, useAnswer } from '../parts/use-answer.ts';
import { useChanges } from '../parts/use-changes.ts';
import { useRange } from '../parts/use-range.ts';
import { Dependencies } from './dependencies.tsx';
import { Instances } from './instances.tsx';
import { Procedures } from './procedures.tsx';
import { RedCharts } from './red-charts.tsx';
import { seenNow } from './seen-now.ts';

const RENEW_MS = 15_000;

export default function ServicePage({ id: name }: { id: string }) {
  const state = useRange(RENEW_MS);
  const live = useLive().state;
  const { data: said, error } = useAnswer<ServiceDetail>(`/palantir/services/${encodeURIComponent(name)}`);
  const { data: changes = [] } = useChanges(state.range, name);
  const now = live?.services.find((service) => service.name === name);
  const detail = now ? seenNow(said, now) : said;
  const selector = encodeURIComponent(`{service=${quoted(name)}}`);
  const traces = encodeURIComponent(`{ service=${quoted(name)} }`);
  if (live && !now && isMissing(error))
    return (
      <Page title={name}>
        <Empty title={`No service is called ${name}`}>
          <p>
            It may have been taken out. <a href="/explore/services">See all services</a>, or{' '}
            <a href={`/explore/logs?query=${selector}`}>what it logged</a>.
          </p>
        </Empty>
      </Page>
    );
  return (
    <Page title={name} actions={<RangePicker {...state} />}>
      {detail && <Facts detail={detail} />}
      <p class="links">
        <a href={`/explore/logs?query=${selector}`}>Logs</a>
        <a href={`/explore/traces?query=${traces}`}>Traces</a>
        <a href={`/explore/metrics?q=${encodeURIComponent(`{service=${quoted(name)}}`)}`}>Metrics</a>
        {said?.docs && <a href={said.docs}>Docs</a>}
        {said?.repository && <a href={said.repository}>Repository</a>}
        {said?.runbook && <a href={said.runbook}>Runbook</a>}
      </p>
      <RedCharts service={name} state={state} />
      <div class="cards">
        {live && <Instances service={name} swarm={live.swarm} />}
        {live && <Dependencies service={name} flows={live.flows} />}
        <RecentErrors service={name} />
        <section class="card">
          <h2>Changes</h2>
          <ChangeList changes={changes.slice(0, 8)} />
        </section>
        <Procedures service={name} contract={said?.contract} />
      </div>
    </Page>
  );
}

function Facts({ detail }: { detail: ServiceDetail }) {
  const facts = [
    ['Rate', `${count(detail.requestsPerSecond)}/s`],
    ['Errors', percent(detail.errorShare)],
    ['p50', detail.p50Ms > 0 ? duration(detail.p50Ms) : '–'],
    ['p95', detail.p95Ms > 0 ? duration(detail.p95Ms) : '–'],
    ['Instances', `${detail.ready} of ${detail.wanted}`],
    ['Restarts', String(detail.restarts)],
    ['Version', detail.version || '–'],
    ...(detail.owner === undefined ? [] : [['Owner', detail.owner]]),
  ] as const;
  return (
    <>
      <p class="lead">
        <StateWord word={detail.state} /> {detail.detail ?? detail.about}
      </p>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
