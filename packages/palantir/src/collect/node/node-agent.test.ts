import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { virtualClock } from '@goblin/core';
import { isStale } from '../../sample-rules.ts';
import { metricOf, running, temporaryFolder, toolsFor, until } from '../testing/collecting.ts';
import { FULL, recordingStore } from '../testing/recording-store.ts';
import { ownMounts } from './file-systems.ts';
import { nodeAgent } from './node-agent.ts';

const skip = process.platform === 'linux' ? false : 'there is no /proc';

test('it tells of this machine what node_exporter would, under the same names', { skip }, async () => {
  const store = recordingStore();
  await using _ = running(nodeAgent(toolsFor(store), { node: 'n1' }));
  await until(() => store.samples.length > 0, 'there are samples');
  const at = { node: 'n1' };
  for (const name of ['node_load1', 'node_memory_MemTotal_bytes', 'node_boot_time_seconds'])
    assert.ok(store.valueOf(name, at) !== undefined, name);
  assert.ok(store.valueOf('node_cpu_seconds_total', { ...at, cpu: '0', mode: 'idle' })! > 0);
  assert.ok(store.valueOf('node_network_receive_bytes_total', { ...at, device: 'lo' }) !== undefined);
  const free = store.valueOf('node_disk_free_ratio', { ...at, mountpoint: '/' })!;
  assert.ok(free > 0 && free <= 1);
  assert.ok(store.valueOf('node_filesystem_avail_bytes', { mountpoint: '/' })! > 0);
});

test('a process of the platform is told with its files and threads, and marked as ended when it is gone', {
  skip,
}, async () => {
  const store = recordingStore();
  const clock = virtualClock(Date.now());
  using child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const processes = () => [{ pid: child.pid!, service: 'tax', instance: 'tax-1' }];
  await using _ = running(nodeAgent(toolsFor(store, clock), { processes }));
  const own = { service: 'tax', instance: 'tax-1' };
  await until(() => store.valueOf('node_process_threads', own) !== undefined, 'the process is seen');
  assert.ok(store.valueOf('node_process_resident_memory_bytes', own)! > 1e6);
  assert.ok(store.valueOf('node_process_open_fds', own)! > 3);
  assert.ok(Math.abs(store.valueOf('node_process_start_time_seconds', own)! - Date.now() / 1_000) < 600);
  child.kill();
  await once(child, 'exit');
  const before = store.samples.length;
  await until(async () => {
    await clock.advance(5_000);
    return store.samples.length > before;
  }, 'the next look');
  const last = store.samples.findLast(({ series }) => series.__name__ === 'node_process_threads')!;
  assert.ok(isStale(Float64Array.of(last.value), 0));
});

test('the shares of CPU and memory are those since the look before', async () => {
  using folder = temporaryFolder();
  const clock = virtualClock(Date.now());
  const store = recordingStore();
  const write = (user: number, idle: number): void =>
    writeFileSync(join(folder.path, 'stat'), `cpu0 ${user} 0 0 ${idle} 0 0 0 0\n`);
  writeFileSync(join(folder.path, 'meminfo'), 'MemTotal: 1000 kB\nMemAvailable: 250 kB\n');
  write(100, 900);
  const agent = nodeAgent(toolsFor(store, clock), { proc: folder.path, node: 'n1' });
  await using _ = running(agent);
  await until(() => store.samples.length > 0, 'the first look');
  assert.deepEqual({ ...agent.shares }, { memory: 0.75 });
  write(130, 970);
  await until(async () => {
    await clock.advance(5_000);
    return agent.shares.cpu !== undefined;
  }, 'the second look');
  assert.ok(Math.abs(agent.shares.cpu! - 0.3) < 1e-9);
});

test('limits and use of control groups are told, of version 1 and of version 2', async () => {
  using folder = temporaryFolder();
  const [proc, cgroups] = [join(folder.path, 'proc'), join(folder.path, 'cgroup')];
  const put = (root: string, path: string, text: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const stat = (pid: number): string => `${pid} (node) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 7 0 100 0 0`;
  put(proc, 'stat', 'cpu0 1 1 1 1\nbtime 1700000000\n');
  for (const pid of [1, 2]) put(proc, `${pid}/stat`, stat(pid));
  put(proc, '1/cgroup', '4:memory:/box/a\n2:cpu,cpuacct:/box/a\n1:pids:/\n0::/\n');
  put(proc, '2/cgroup', '0::/box/b\n');
  put(cgroups, 'memory/box/a/memory.usage_in_bytes', '2048\n');
  put(cgroups, 'memory/box/a/memory.limit_in_bytes', '9223372036854771712\n');
  put(cgroups, 'cpuacct/box/a/cpuacct.usage', '1500000000\n');
  put(cgroups, 'cpu/box/a/cpu.stat', 'nr_periods 4\nnr_throttled 1\nthrottled_time 500000000\n');
  put(cgroups, 'box/b/memory.current', '4096\n');
  put(cgroups, 'box/b/memory.max', '8192\n');
  put(cgroups, 'box/b/cpu.stat', 'usage_usec 2500000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n');
  const store = recordingStore();
  const processes = () => [1, 2, 77].map((pid) => ({ pid, service: 'tax', instance: `tax-${pid}` }));
  await using _ = running(nodeAgent(toolsFor(store), { proc, cgroups, processes }));
  await until(() => store.samples.length > 0, 'there are samples');
  const one = (name: string): number | undefined => store.valueOf(name, { id: '/box/a' });
  const two = (name: string): number | undefined => store.valueOf(name, { id: '/box/b' });
  assert.deepEqual(
    [one('container_memory_usage_bytes'), two('container_memory_usage_bytes')],
    [2_048, 4_096],
  );
  assert.deepEqual(
    [one('container_spec_memory_limit_bytes'), two('container_spec_memory_limit_bytes')],
    [undefined, 8_192],
  );
  assert.deepEqual(
    [one('container_cpu_usage_seconds_total'), two('container_cpu_usage_seconds_total')],
    [1.5, 2.5],
  );
  assert.equal(one('container_cpu_cfs_throttled_seconds_total'), 0.5);
});

test('where there is no /proc, CPU, load, memory and the disk of the root are told', async () => {
  using folder = temporaryFolder();
  const store = recordingStore();
  await using _ = running(nodeAgent(toolsFor(store), { proc: join(folder.path, 'none') }));
  await until(() => store.samples.length > 0, 'there are samples');
  const names = new Set(store.samples.map(({ series }) => series.__name__));
  for (const name of [
    'node_cpu_seconds_total',
    'node_load1',
    'node_memory_MemTotal_bytes',
    'node_disk_free_ratio',
  ])
    assert.ok(names.has(name), name);
});

test('each file system is told once, and those of engines and of other machines are not', () => {
  const mount = (id: string, mountpoint: string, fstype: string, device: string) => ({
    id,
    mountpoint,
    fstype,
    device,
  });
  const shown = ownMounts([
    mount('0:5', '/', 'overlay', 'overlay'),
    mount('0:6', '/proc', 'proc', 'proc'),
    mount('8:1', '/data', 'ext4', '/dev/sda1'),
    mount('8:1', '/var/lib/docker/volumes', 'ext4', '/dev/sda1'),
    mount('0:9', '/mnt/nfs', 'nfs4', 'server:/export'),
    mount('0:7', '/tank', 'zfs', 'tank/data'),
    mount('7:1', '/snap/core/1', 'squashfs', '/dev/loop1'),
  ]);
  assert.deepEqual(
    shown.map(({ mountpoint }) => mountpoint),
    ['/', '/data', '/tank'],
  );
});

test('a look that the store does not take is counted, and the next one is taken', async () => {
  const store = recordingStore();
  const clock = virtualClock(Date.now());
  store.failure = FULL;
  const tools = toolsFor(store, clock);
  await using _ = running(nodeAgent(tools));
  await until(() => metricOf(tools.metrics, 'collector_lost_total', 'node') > 0, 'it is counted');
  store.failure = undefined;
  await until(async () => {
    await clock.advance(5_000);
    return store.samples.length > 0;
  }, 'the next look is taken');
});
