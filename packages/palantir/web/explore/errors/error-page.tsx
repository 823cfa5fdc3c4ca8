/** One group of errors: when, where and in which release, why its lines were put together, a stack, samples with their traces; and
 * what to do about it. */
import { useState } from 'preact/hooks';
import type { ErrorGroup } from '../../../src/errors/error-group.ts';
import { age, clockTime, count } from '../../shared/format.ts';
import { Page } from '../../shared/page.tsx';
import { Action } from '../parts/action.tsx';
import { moveThroughItems } from '../parts/arrow-keys.ts';
import { StateWord } from '../parts/state-word.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useWho, WhoField } from '../parts/who.tsx';
import { withoutType } from './error-name.tsx';

const RENEW_MS = 15_000;

export default function ErrorPage({ id }: { id: string }) {
  const path = `/palantir/errors/${encodeURIComponent(id)}`;
  const { data: group, error, isLoading, again } = useAnswer<ErrorGroup>(path, RENEW_MS);
  if (!group)
    return (
      <Page title="Error">
        {error && <Failed error={error} again={again} />}
        {isLoading && <Loading what="the error" />}
      </Page>
    );
  return (
    <Page title={group.type || 'Error'}>
      <p class="lead">{withoutType(group.type, group.title)}</p>
      <p class="state-line">
        <StateWord word={group.state} />
        {group.isRegression && <span class="badge is-down">came back after it was resolved</span>}
        {group.decision && (
          <span class="quiet">
            by {group.decision.by}, {age(Date.now() - group.decision.atMs)} ago
            {group.decision.fixedIn && `, fixed in ${group.decision.fixedIn}`}
          </span>
        )}
      </p>
      <Decide group={group} path={path} onDone={again} />
      <Facts group={group} />
      <section class="card">
        <h2>Why these are one</h2>
        <p>{group.why}</p>
        <p class="quiet">
          <code>{group.fingerprint}</code>
        </p>
      </section>
      {group.stack && (
        <section class="card">
          <h2>Stack</h2>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre class="stack" tabIndex={0}>
            {group.stack}
          </pre>
        </section>
      )}
      <Samples group={group} />
    </Page>
  );
}

function Decide({ group, path, onDone }: { group: ErrorGroup; path: string; onDone: () => void }) {
  const who = useWho();
  const [fixedIn, setFixedIn] = useState('');
  const shared = {
    isDisabled: who.name === '',
    why: who.name === '' ? 'Say who you are first' : undefined,
    onDone,
  };
  return (
    <div class="tools">
      <WhoField who={who} />
      {group.state !== 'resolved' && (
        <>
          <label class="who">
            Fixed in{' '}
            <input
              placeholder="release, if known"
              value={fixedIn}
              onInput={(event) => setFixedIn(event.currentTarget.value)}
            />
          </label>
          <Action
            label="Resolve"
            path={`${path}/resolve`}
            body={{ by: who.name, ...(fixedIn.trim() && { version: fixedIn.trim() }) }}
            {...shared}
          />
        </>
      )}
      {group.state === 'open' && (
        <Action label="Ignore" path={`${path}/ignore`} body={{ by: who.name }} {...shared} />
      )}
      {group.state !== 'open' && (
        <Action label="Reopen" path={`${path}/reopen`} body={{ by: who.name }} {...shared} />
      )}
    </div>
  );
}

function Facts({ group }: { group: ErrorGroup }) {
  const facts = [
    ['Times', count(group.count)],
    ['First seen', clockTime(group.firstSeenMs)],
    ['Last seen', `${age(Date.now() - group.lastSeenMs)} ago`],
    ['New in', [group.newIn.service, group.newIn.version].filter(Boolean).join(' ')],
    ['Services', group.services.join(', ')],
    ['Releases', group.versions.join(', ') || '–'],
  ] as const;
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Samples({ group }: { group: ErrorGroup }) {
  return (
    <section class="card">
      <h2>Samples</h2>
      <ol class="moments" onKeyDown={moveThroughItems}>
        {group.samples.map(({ atMs, service, version, message, traceId, spanId }) => (
          <li key={`${atMs} ${spanId} ${message}`}>
            <time dateTime={new Date(atMs).toISOString()}>{clockTime(atMs)}</time>
            <span class="kind">
              {service} <small>{version}</small>
            </span>
            <span>
              {message}
              {traceId && (
                <a
                  class="after"
                  href={`/explore/traces/${traceId}${spanId ? `?span=${spanId}` : ''}`}
                  data-item
                >
                  Trace
                </a>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
