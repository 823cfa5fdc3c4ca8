/** Alerts that do not page, and what share of requests fails. */
import type { Alert } from '../../src/alerts/alert.ts';
import type { ServiceState } from '../../src/live/wall-state.ts';
import { age, count, percent } from '../shared/format.ts';
import type { WallState } from '../shared/live.ts';
import { Sign } from '../shared/sign.tsx';

const ALERTS = 8;
/** So few have room for all of their words. */
const ROOMY = 4;
const FAILING = 8;
const ORDER: Readonly<Record<Alert['state'], number>> = { firing: 0, pending: 1, resolved: 2 };
const SIGN: Readonly<Record<Alert['state'], ServiceState>> = {
  firing: 'degraded',
  pending: 'unknown',
  resolved: 'ok',
};

export function AlertsScreen({ state, nowMs }: { state: WallState; nowMs: number }) {
  const alerts = [...state.alerts].sort(
    (a, b) => ORDER[a.state] - ORDER[b.state] || b.sinceMs - a.sinceMs || (a.id < b.id ? -1 : 1),
  );
  const failing = state.services
    .filter(({ errorShare }) => errorShare > 0)
    .sort((a, b) => b.errorShare - a.errorShare)
    .slice(0, FAILING);
  return (
    <div class="wall-alerts">
      <section aria-label="Alerts">
        <h2>Alerts of the last hour</h2>
        <ul class={alerts.length <= ROOMY ? 'wall-last is-roomy' : 'wall-last'}>
          {alerts.slice(0, ALERTS).map((alert) => (
            <li key={alert.id}>
              <Sign state={SIGN[alert.state]} word={alert.state} />
              <span class="wall-title">{alert.summary}</span>
              <span class="wall-quiet">{since(alert, nowMs)}</span>
            </li>
          ))}
          {alerts.length === 0 && <li class="wall-quiet">None</li>}
        </ul>
      </section>
      <section aria-label="Failing requests">
        <h2>Failing requests</h2>
        <ul class="wall-last">
          {failing.map(({ name, errorShare, requestsPerSecond }) => (
            <li key={name}>
              <span class="wall-title">{name}</span>
              <strong class={errorShare >= 0.01 ? 'is-down' : ''}>{percent(errorShare)}</strong>
              <span class="wall-quiet">{count(errorShare * requestsPerSecond * 60)}/min</span>
            </li>
          ))}
          {failing.length === 0 && <li class="wall-quiet">None</li>}
        </ul>
      </section>
    </div>
  );
}

function since({ state, sinceMs, resolvedAtMs, mutedBy }: Alert, nowMs: number): string {
  if (state === 'resolved') return `ended ${age(nowMs - (resolvedAtMs ?? sinceMs))} ago`;
  return `${age(nowMs - sinceMs)}${mutedBy === undefined ? '' : ', muted'}`;
}
