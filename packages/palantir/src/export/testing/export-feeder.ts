/** Keeps numbered samples and log lines and exports them, until it is killed: each number is written out once it is kept. Arguments:
 * folder, first number, address of the receiver. */
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock, testTelemetry } from '@goblin/core';
import { openState } from '../../state/state-database.ts';
import { batch, logLine, sample } from '../../store/fixtures/telemetry.ts';
import { openStore } from '../../store/store.ts';
import { createExports } from '../exports.ts';

const EVERY_MS = 10;

const [folder = '', first, url = ''] = process.argv.slice(2);
const store = await openStore({ folder, retention: { days: 5, bytes: 1e9 } });
const state = openState(folder);
const { log, metrics } = testTelemetry();
const exports = createExports({ store, state, clock: systemClock, log, metrics, fetch });
exports.apply({
  exporters: [
    { kind: 'remoteWrite', name: 'metrics', url: `${url}/write`, delay: '1s' },
    { kind: 'otlp', name: 'logs', url, signals: ['logs'], delay: '1s' },
  ],
});
void exports.run(new AbortController().signal);

for (let number = Number(first); ; number += 1) {
  // Also before the first: an exporter begins with what comes after its start.
  await pause(EVERY_MS);
  const atMs = Date.now();
  await store.append(
    batch({ samples: [sample({ __name__: 'x' }, atMs, number)], logs: [logLine(atMs, String(number))] }),
  );
  writeSync(1, `${number}\n`);
}
