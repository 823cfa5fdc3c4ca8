/** What our webhook sends beside what a real Alertmanager does, of the same alerts. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '@goblin/core';
import { freePort } from '../../testing/free-port.ts';
import { startReceiver } from '../fixtures/receiver.ts';
import { alertOf, messageOf } from '../fixtures/samples.ts';
import { until } from '../fixtures/until.ts';
import { createNotifiers } from './create-notifiers.ts';

const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const skip = existsSync(ALERTMANAGER) ? false : 'the Debian package prometheus-alertmanager is not installed';
const STARTS_WITHIN_MS = 20_000;

/** What a value is made of: names and kinds, of lists the first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, shapeOf(inner)]),
  );
}

test('our webhook sends what a real Alertmanager sends', { skip }, async () => {
  await using hook = await startReceiver();
  const folder = await mkdtemp(join(tmpdir(), 'goblin-alertmanager-'));
  const config = join(folder, 'alertmanager.yml');
  const receiver = `{ name: hook, webhook_configs: [{ url: '${hook.url}', send_resolved: true }] }`;
  await writeFile(
    config,
    `route: { receiver: hook, group_by: [alertname], group_wait: 0s }\nreceivers: [${receiver}]\n`,
  );
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    ALERTMANAGER,
    [
      ...[`--config.file=${config}`, `--storage.path=${join(folder, 'data')}`],
      ...[`--web.listen-address=${address}`, '--cluster.listen-address='],
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  try {
    const deadline = Date.now() + STARTS_WITHIN_MS;
    const isReady = (): Promise<boolean> =>
      fetch(`http://${address}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isReady())) {
      assert.ok(Date.now() < deadline, 'Alertmanager did not start');
      await pause(20);
    }
    const startsAt = new Date().toISOString();
    const posted = await fetch(`http://${address}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([
        {
          labels: { alertname: 'many-errors', service: 'tax', severity: 'page' },
          annotations: { summary: 'tax: many requests fail' },
          startsAt,
          generatorURL: 'http://palantir.test/',
        },
      ]),
    });
    assert.equal(posted.status, 200);
    await until('Alertmanager told the webhook', () => hook.taken.length === 1);

    const [ours] = createNotifiers(
      { notifiers: [{ name: 'hook', kind: 'webhook', url: hook.url }] },
      { fetch, clock: systemClock, baseUrl: 'http://palantir.test' },
    );
    const { incident: _, ...message } = messageOf({
      alerts: [alertOf('tax', { sinceMs: Date.parse(startsAt) })],
    });
    await ours!.send(message, new AbortController().signal);

    const [theirs, mine] = hook.taken.map(({ body }) => body as Record<string, unknown>);
    const { groupLabels: _theirs, commonAnnotations: theirNotes, ...others } = theirs!;
    const { groupLabels: _mine, commonAnnotations: myNotes, ...sent } = mine!;
    assert.deepEqual(shapeOf(sent), shapeOf(others));
    assert.deepEqual(sent.commonLabels, others.commonLabels);
    assert.equal((myNotes as { summary: string }).summary, (theirNotes as { summary: string }).summary);
    const [their] = others.alerts as { endsAt: string; startsAt: string; status: string; labels: object }[];
    const [my] = sent.alerts as [NonNullable<typeof their>];
    assert.equal(my.status, their!.status);
    // Go leaves out the last zeros of a second's parts.
    assert.equal(Date.parse(my.startsAt), Date.parse(their!.startsAt));
    assert.equal(Date.parse(my.endsAt), Date.parse(their!.endsAt));
    assert.deepEqual(my.labels, their!.labels);
    assert.equal(sent.version, others.version);
  } finally {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  }
});
