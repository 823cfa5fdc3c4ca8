/** How the first service of an incident did from before it began until after it was over, with what was changed of all its services: the picture that the
 * timeline tells in words. */
import { useMemo } from 'preact/hooks';
import type { Incident } from '../../../src/incidents/incident.ts';
import { go } from '../../shared/location.ts';
import { rangeQuery, type TimeRange } from '../parts/time-range.ts';
import { RedCharts } from '../services/red-charts.tsx';

const BEFORE_MS = 30 * 60_000;
const AFTER_MS = 10 * 60_000;
/** While it goes on the charts go on so often. */
const GRAIN_MS = 15_000;

export function IncidentCharts({ incident }: { incident: Incident }) {
  const { services, beganAtMs, resolvedAtMs } = incident;
  const [service, ...others] = services;
  const nowMs = Math.ceil(Date.now() / GRAIN_MS) * GRAIN_MS;
  const toMs = Math.min(nowMs, (resolvedAtMs ?? nowMs) + AFTER_MS);
  const range = useMemo(() => ({ fromMs: beganAtMs - BEFORE_MS, toMs }), [beganAtMs, toMs]);
  if (service === undefined) return null;
  const pick = (picked: TimeRange | string): void => {
    const query = Object.entries(rangeQuery(picked)).filter(([, value]) => value !== undefined);
    go(
      `/explore/services/${encodeURIComponent(service)}?${new URLSearchParams(query as [string, string][])}`,
    );
  };
  return (
    <section>
      <h2>How {service} did</h2>
      <RedCharts service={service} others={others} state={{ range, pick, renew: () => {} }} />
    </section>
  );
}
