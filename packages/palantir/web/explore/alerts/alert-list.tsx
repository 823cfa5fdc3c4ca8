/** Alerts, each with what shows it and the ways on from it. */
import type { Alert } from '../../../src/alerts/alert.ts';
import { age } from '../../shared/format.ts';
import { go } from '../../shared/location.ts';
import { moveThroughItems } from '../parts/arrow-keys.ts';
import './alerts.css';
import { quoted } from '../parts/prometheus.ts';
import { StateWord } from '../parts/state-word.tsx';

const TRACE_ID = /^[0-9a-f]{32}$/;
const NUMBER = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });

export function AlertList({ title, alerts }: { title: string; alerts: readonly Alert[] }) {
  if (alerts.length === 0) return null;
  return (
    <section>
      <h2>
        {title} <small class="quiet">{alerts.length}</small>
      </h2>
      <ol class="alerts" onKeyDown={moveThroughItems}>
        {alerts.map((alert) => (
          <AlertCard key={alert.id} alert={alert} />
        ))}
      </ol>
    </section>
  );
}

/** What mutes this alert and those that are like it. */
function silenceOf({ rule, service }: Alert): string {
  const ofRule = `rule=${quoted(rule)}`;
  return service ? `${ofRule}, service=${quoted(service)}` : ofRule;
}

/** Those that it is about, where the rule says what it looks at. */
function tracesOf({ service, labels, value }: Alert): string {
  const ofService = `service = ${quoted(service)}`;
  if (labels.about === 'errors') return `{ ${ofService} && status = error }`;
  // Those rules tell milliseconds.
  if (labels.about === 'latency') return `{ ${ofService} && duration > ${Math.floor(value / 2)}ms }`;
  return `{ ${ofService} }`;
}

function AlertCard({ alert }: { alert: Alert }) {
  const {
    rule,
    severity,
    state,
    service,
    summary,
    description,
    runbook,
    mutedBy,
    isFlapping,
    evidence,
    value,
    labels,
  } = alert;
  const sinceMs =
    state === 'resolved' ? (alert.resolvedAtMs ?? alert.sinceMs) : (alert.firedAtMs ?? alert.sinceMs);
  return (
    <li class={`alert ${state === 'firing' ? `severity-${severity}` : ''}`}>
      <p class="alert-head">
        <StateWord word={state === 'firing' ? severity : state} />
        <strong>{summary}</strong>
        <span class="quiet">{age(Date.now() - sinceMs)}</span>
      </p>
      {description && <p>{description}</p>}
      <p class="links">
        <span class="quiet">
          {rule} · {NUMBER.format(value)}
        </span>
        {isFlapping && <span class="badge is-degraded">flapping</span>}
        {mutedBy !== undefined && <span class="badge">muted by {mutedBy}</span>}
        {service && (
          <>
            <a href={`/explore/services/${encodeURIComponent(service)}`} data-item>
              {service}
            </a>
            <a href={`/explore/logs?query=${encodeURIComponent(`{service=${quoted(service)}}`)}`}>Logs</a>
            <a href={`/explore/traces?query=${encodeURIComponent(tracesOf(alert))}`}>Traces</a>
          </>
        )}
        {labels.error && <a href={`/explore/errors/${encodeURIComponent(labels.error)}`}>The error</a>}
        {runbook && <a href={runbook}>Runbook</a>}
        {state === 'firing' && (
          <button
            type="button"
            onClick={() => go(`/explore/alerts?silence=${encodeURIComponent(silenceOf(alert))}`)}
          >
            Silence …
          </button>
        )}
      </p>
      {evidence.length > 0 && (
        <details>
          <summary>What shows it ({evidence.length})</summary>
          <ul class="evidence">
            {evidence.map((text) => (
              <li key={text}>
                {TRACE_ID.test(text) ? <a href={`/explore/traces/${text}`}>{text}</a> : <code>{text}</code>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
