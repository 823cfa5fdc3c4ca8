import assert from 'node:assert/strict';
import test from 'node:test';
import { sampleList } from '../sample-list.ts';
import { addStatus, addUse, HEALTH_STATUS } from './container-samples.ts';
import type { ContainerInspect, ContainerStats } from './docker-answers.ts';

function usedBy(stats: ContainerStats, before?: { used: number; system: number }): Record<string, number> {
  const list = sampleList(0, {});
  addUse(list, stats, before);
  return Object.fromEntries(
    list.samples.map(({ series: { __name__, network }, value }) => [
      [__name__, network].filter(Boolean).join(' '),
      value,
    ]),
  );
}

test('memory is what is in use, without idle cache, with both versions of cgroups', () => {
  const memory = (stats: Record<string, number>): number | undefined =>
    usedBy({ memory_stats: { usage: 1_000, limit: 4_000, stats } }).docker_container_mem_usage;
  assert.equal(memory({ total_inactive_file: 200, inactive_file: 1 }), 800);
  assert.equal(memory({ inactive_file: 300 }), 700);
  assert.equal(memory({ inactive_file: 3_000 }), 1_000);
  assert.equal(
    usedBy({ memory_stats: { usage: 1_000, limit: 4_000 } }).docker_container_mem_usage_percent,
    25,
  );
});

test('the share of CPU is that of one CPU since the look before, and a restart gives none', () => {
  const stats = { cpu_stats: { cpu_usage: { total_usage: 300 }, system_cpu_usage: 2_000, online_cpus: 2 } };
  assert.equal(usedBy(stats, { used: 100, system: 1_000 }).docker_container_cpu_usage_percent, 40);
  assert.equal(usedBy(stats).docker_container_cpu_usage_percent, undefined);
  assert.equal(usedBy(stats, { used: 400, system: 1_000 }).docker_container_cpu_usage_percent, undefined);
});

test('network is told by interface, disk by direction over all devices, in either spelling', () => {
  const used = usedBy({
    networks: { eth0: { rx_bytes: 1, tx_bytes: 2, rx_dropped: 3 }, eth1: { rx_bytes: 4 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'Read', value: 10 },
        { op: 'read', value: 5 },
        { op: 'Write', value: 7 },
        { op: 'Total', value: 99 },
      ],
    },
  });
  assert.deepEqual(used, {
    'docker_container_net_rx_bytes eth0': 1,
    'docker_container_net_rx_dropped eth0': 3,
    'docker_container_net_tx_bytes eth0': 2,
    'docker_container_net_rx_bytes eth1': 4,
    docker_container_blkio_io_service_bytes_recursive_read: 15,
    docker_container_blkio_io_service_bytes_recursive_write: 7,
  });
});

test('answers in which things are missing give what is there', () => {
  assert.deepEqual(usedBy({}), {});
  assert.deepEqual(
    usedBy({ cpu_stats: {}, memory_stats: {}, blkio_stats: { io_service_bytes_recursive: null } }),
    {},
  );
});

test('state and health become numbers, and a container without a check has no health', () => {
  const list = sampleList(0, {});
  const state = {
    Status: 'running',
    OOMKilled: false,
    ExitCode: 0,
    StartedAt: '2026-11-21T08:00:00Z',
    FinishedAt: '',
  };
  const inspect: ContainerInspect = { State: state, RestartCount: 3, Config: { Tty: false } };
  addStatus(list, { ...inspect, State: { ...state, Health: { Status: 'unhealthy', FailingStreak: 4 } } });
  const values = Object.fromEntries(list.samples.map(({ series, value }) => [series.__name__, value]));
  const status = list.samples.find(({ series }) => series.__name__ === HEALTH_STATUS);
  assert.deepEqual([status?.series.health_status, status?.value], ['unhealthy', 1]);
  assert.equal(values.docker_container_health_healthy, 0);
  assert.equal(values.docker_container_health_failing_streak, 4);
  assert.equal(values.docker_container_status_restart_count, 3);
  assert.equal(values.docker_container_status_started_at, Date.UTC(2026, 10, 21, 8) * 1e6);
  const none = sampleList(0, {});
  addStatus(none, inspect);
  assert.ok(!none.samples.some(({ series }) => series.__name__?.includes('health')));
});
