/** Evaluates a rule over services that fail and recover, round after round in quick succession, until it is killed. Its time goes on from
 * where the last process was. Arguments: folder. */
import { writeSync } from 'node:fs';
import { testTelemetry } from '@goblin/core';
import { createChangeLog } from '../../changes/change-log.ts';
import { openState } from '../../state/state-database.ts';
import { createAlerts } from '../engine.ts';
import { isFailing, PROCESS_SERVICES, ROUND_MS } from './failing-services.ts';
import { noticeTable } from './notice-table.ts';
import { rule } from './rules.ts';

const state = openState(process.argv[2]!);
const { log, metrics } = testTelemetry();
let nowMs = 0;
const clock = { now: () => nowMs, wall: () => nowMs, after: never, every: never };

function never(): { cancel(): void } {
  return { cancel() {} };
}

const alerts = createAlerts({
  ...{ state, clock, log, telemetryMetrics: metrics, sink: noticeTable(state) },
  changes: createChangeLog(state),
  metrics: {
    select: async (_matchers, _fromMs, toMs) =>
      PROCESS_SERVICES.map((service) => ({
        labels: { __name__: 'load', service },
        times: Float64Array.of(toMs),
        values: Float64Array.of(isFailing(service, toMs) ? 50 : 5),
      })),
  },
  logs: { searchLogs: async function* () {}, logCounts: async () => [] },
  errors: { newSince: () => [] },
  swarm: () => ({ atMs: 0, nodes: [], services: [] }),
});
alerts.setRules([rule('load', 'load > 10', { forMs: 2 * ROUND_MS, keepForMs: ROUND_MS })]);

const last = state.db.prepare('SELECT at_ms FROM alert_round').get();
nowMs = Number(last?.at_ms ?? 0);
for (;;) {
  nowMs += ROUND_MS;
  await alerts.evaluate(nowMs);
  writeSync(1, `${nowMs}\n`);
}
