import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { metricsRegistry } from '@goblin/core';
import { collectorMetrics } from './collector-meter.ts';
import { addStatus, addUse } from './docker/container-samples.ts';
import { addSwarm } from './docker/swarm-samples.ts';
import { nodeAgent } from './node/node-agent.ts';
import { sampleList } from './sample-list.ts';
import { running, toolsFor, until } from './testing/collecting.ts';
import { recordingStore } from './testing/recording-store.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../../../docs/${path}`, import.meta.url), 'utf8');

test('docs/reference/metrics.md has a line for every metric of collectors, as it is', () => {
  const metrics = metricsRegistry();
  collectorMetrics(metrics);
  const lines = read('reference/metrics.md').split('\n');
  const own = metrics.instruments().filter(({ name }) => name.startsWith('collector_'));
  assert.equal(own.length, 4);
  for (const { name, kind, unit, labels, help } of own) {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${kind} | ${unit === '' ? '' : `${unit} `}| ${named} | ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});

test('docs/guide/collecting.md names every metric of machines, processes and containers', async () => {
  const store = recordingStore();
  const processes = () => [{ pid: process.pid, service: 'tax', instance: 'tax-1' }];
  {
    await using _ = running(nodeAgent(toolsFor(store), { processes }));
    await until(() => store.samples.length > 0, 'a look');
  }
  const list = sampleList(0, {});
  const count = {
    rx_bytes: 1,
    rx_packets: 1,
    rx_errors: 1,
    rx_dropped: 1,
    tx_bytes: 1,
    tx_packets: 1,
    tx_errors: 1,
    tx_dropped: 1,
  };
  addUse(
    list,
    {
      cpu_stats: {
        cpu_usage: { total_usage: 2 },
        system_cpu_usage: 2,
        throttling_data: { throttled_periods: 1, throttled_time: 1 },
      },
      memory_stats: { usage: 1, limit: 2 },
      networks: { eth0: count },
      blkio_stats: {
        io_service_bytes_recursive: [
          { op: 'read', value: 1 },
          { op: 'write', value: 1 },
        ],
      },
      pids_stats: { current: 1 },
    },
    { used: 1, system: 1 },
  );
  const State = {
    Status: 'running',
    OOMKilled: false,
    ExitCode: 0,
    StartedAt: '2026-11-21T08:00:00Z',
    FinishedAt: '',
  };
  const Health = { Status: 'healthy', FailingStreak: 0 };
  addStatus(list, { State: { ...State, Health }, RestartCount: 0, Config: { Tty: false } });
  addSwarm(
    list,
    [
      {
        ID: 's',
        Spec: { Name: 'web', Mode: { Global: {} } },
        ServiceStatus: { RunningTasks: 1, DesiredTasks: 1 },
      },
    ],
    [
      {
        ID: 'n',
        UpdatedAt: '',
        Spec: { Role: 'manager', Availability: 'active' },
        Status: { State: 'ready' },
      },
    ],
  );
  const page = read('guide/collecting.md');
  const named = new Set(page.match(/\b(?:node|docker|container)_\w+/g));
  const names = new Set([...store.samples, ...list.samples].map(({ series }) => series.__name__!));
  assert.ok(names.size > 50);
  assert.deepEqual(
    [...names].filter((name) => !named.has(name)),
    [],
  );
});
