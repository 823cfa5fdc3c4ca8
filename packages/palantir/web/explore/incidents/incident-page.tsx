/** One incident: who has it, the first suspect, its timeline; and what one can do: take it, hand it over, note something, end it, and
 * download the report. */
import { useState } from 'preact/hooks';
import type { Incident } from '../../../src/incidents/incident.ts';
import { age, clockTime } from '../../shared/format.ts';
import { Page } from '../../shared/page.tsx';
import { AlertList } from '../alerts/alert-list.tsx';
import { Action } from '../parts/action.tsx';
import { StateWord } from '../parts/state-word.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useWho, WhoField } from '../parts/who.tsx';
import { IncidentCharts } from './incident-charts.tsx';
import { Timeline } from './timeline.tsx';

const RENEW_MS = 3_000;

export default function IncidentPage({ id }: { id: string }) {
  const path = `/palantir/incidents/${encodeURIComponent(id)}`;
  const { data: incident, error, isLoading, again } = useAnswer<Incident>(path, RENEW_MS);
  if (!incident)
    return (
      <Page title={`Incident #${id}`}>
        {error && <Failed error={error} again={again} />}
        {isLoading && <Loading what="the incident" />}
      </Page>
    );
  const { title, suspect, alerts, timeline } = incident;
  return (
    <Page
      title={`#${id} ${title}`}
      actions={
        <a href={`${path}/report`} download={`incident-${id}.md`}>
          Download the report
        </a>
      }
    >
      <Facts incident={incident} />
      {suspect && (
        <p class="card suspect">
          <b>First suspect:</b> {suspect.kind}, {suspect.title}{' '}
          <span class="quiet">
            {age(incident.openedAtMs - suspect.atMs)} before, {suspect.author && `by ${suspect.author}, `}
            <a href={`/explore/changes?from=${suspect.atMs - 3_600_000}&to=${suspect.atMs + 3_600_000}`}>
              changes around it
            </a>
          </span>
        </p>
      )}
      <Actions incident={incident} path={path} onDone={again} />
      <IncidentCharts incident={incident} />
      <div class="cards">
        <section class="card">
          <h2>Timeline</h2>
          <Timeline entries={timeline} />
        </section>
        <div>
          <AlertList title="Alerts" alerts={alerts} />
        </div>
      </div>
    </Page>
  );
}

function Facts({ incident }: { incident: Incident }) {
  const { state, severity, owner, services, openedAtMs, beganAtMs, acknowledgedAtMs, resolvedAtMs } =
    incident;
  return (
    <dl class="facts">
      <div>
        <dt>State</dt>
        <dd>
          <StateWord word={state} />
        </dd>
      </div>
      <div>
        <dt>Severity</dt>
        <dd>{severity}</dd>
      </div>
      <div>
        <dt>Owner</dt>
        <dd>{owner ?? 'nobody'}</dd>
      </div>
      <div>
        <dt>Services</dt>
        <dd>
          {services.map((service, index) => (
            <>
              {index > 0 && ', '}
              <a href={`/explore/services/${encodeURIComponent(service)}`}>{service}</a>
            </>
          ))}
        </dd>
      </div>
      <div>
        <dt>Began</dt>
        <dd>{clockTime(beganAtMs)}</dd>
      </div>
      <div>
        <dt>Taken after</dt>
        <dd>{acknowledgedAtMs === undefined ? '–' : age(acknowledgedAtMs - openedAtMs)}</dd>
      </div>
      <div>
        <dt>{resolvedAtMs === undefined ? 'Goes on for' : 'Took'}</dt>
        <dd>{age((resolvedAtMs ?? Date.now()) - openedAtMs)}</dd>
      </div>
    </dl>
  );
}

function Actions({ incident, path, onDone }: { incident: Incident; path: string; onDone: () => void }) {
  const who = useWho();
  const [to, setTo] = useState('');
  const [text, setText] = useState('');
  const isNobody = who.name === '';
  const why = isNobody ? 'Say who you are first' : undefined;
  return (
    <div class="card actions">
      <div class="tools">
        <WhoField who={who} />
        {incident.state === 'open' && (
          <Action
            label="Acknowledge"
            path={`${path}/acknowledge`}
            body={{ by: who.name }}
            isDisabled={isNobody}
            why={why}
            onDone={onDone}
          />
        )}
        {incident.state !== 'resolved' && (
          <Action
            label="Resolve"
            path={`${path}/resolve`}
            body={{ by: who.name }}
            isDisabled={isNobody}
            why={why}
            onDone={onDone}
          />
        )}
        <label class="who">
          Hand over to <input value={to} onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
        <Action
          label="Assign"
          path={`${path}/assign`}
          body={{ by: who.name, to: to.trim() }}
          isDisabled={isNobody || to.trim() === ''}
          why={why}
          onDone={() => {
            setTo('');
            onDone();
          }}
        />
      </div>
      <div class="note">
        <textarea
          rows={2}
          aria-label="A note for the timeline"
          placeholder="What was seen, tried or decided"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <Action
          label="Note"
          path={`${path}/note`}
          body={{ by: who.name, text: text.trim() }}
          isDisabled={isNobody || text.trim() === ''}
          why={why}
          onDone={() => {
            setText('');
            onDone();
          }}
        />
      </div>
    </div>
  );
}
