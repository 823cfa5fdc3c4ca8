import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEALTH_STATUS } from '../../../collect/docker/container-samples.ts';
import type { Labels } from '../../../model.ts';
import { STALE_NAN_BYTES } from '../../../sample-rules.ts';
import { telegrafLines } from './telegraf-lines.ts';

const NOW = 1_795_249_286_000;
const AT = `${NOW}000000`;

function series(labels: Labels, ...values: number[]) {
  return {
    labels,
    times: Float64Array.from(values, (_, i) => NOW + i * 10_000),
    values: Float64Array.from(values),
  };
}

function endOfSeries(): number {
  return new Float64Array(new Uint8Array(STALE_NAN_BYTES).buffer)[0]!;
}

function linesOf(...all: ReturnType<typeof series>[]): readonly string[] {
  return [...telegrafLines('ours').of(all).lines].sort();
}

test('what our Docker collector measures is what the docker plugin of Telegraf writes', () => {
  const own = {
    node: 'n1',
    service: 'tax',
    container_name: 'tax.1',
    container_image: 'shop/tax',
    container_version: '1.4',
  };
  const tags = 'container_image=shop/tax,container_name=tax.1,container_status=running,container_version=1.4';
  assert.deepEqual(
    linesOf(
      series({ __name__: 'docker_container_state', ...own, state: 'running' }, 1),
      series({ __name__: 'docker_container_mem_usage', ...own }, 1e9),
      series({ __name__: 'docker_container_mem_limit', ...own }, 2e9),
      series({ __name__: 'docker_container_mem_usage_percent', ...own }, 50),
      series({ __name__: 'docker_container_cpu_usage_percent', ...own }, 12.5),
      series({ __name__: 'docker_container_net_rx_bytes', ...own, network: 'eth0' }, 7),
      series({ __name__: 'docker_container_health_healthy', ...own }, 0),
      series({ __name__: 'docker_container_health_failing_streak', ...own }, 3),
      series({ __name__: HEALTH_STATUS, ...own, health_status: 'unhealthy' }, 1),
      series({ __name__: 'docker_container_status_oomkilled', ...own }, 1),
      series({ __name__: 'docker_container_status_exitcode', ...own }, 137),
      series({ __name__: 'docker_n_containers_running', node: 'n1' }, 4),
    ).filter((line) => !line.startsWith('docker_container_state,')),
    [
      `docker,engine_host=n1,host=n1 n_containers_running=4i ${AT}`,
      `docker_container_cpu,${tags},cpu=cpu-total,engine_host=n1,host=n1,service=tax usage_percent=12.5 ${AT}`,
      `docker_container_health,${tags},engine_host=n1,host=n1,service=tax healthy=0i,failing_streak=3i,health_status="unhealthy" ${AT}`,
      `docker_container_mem,${tags},engine_host=n1,host=n1,service=tax usage=1000000000i,limit=2000000000i,usage_percent=50 ${AT}`,
      `docker_container_net,${tags},engine_host=n1,host=n1,network=eth0,service=tax rx_bytes=7i ${AT}`,
      `docker_container_status,${tags},engine_host=n1,host=n1,service=tax oomkilled=true,exitcode=137i ${AT}`,
    ],
  );
});

test('the health of a container is the status of each time, in the line of its other fields', () => {
  const own = { node: 'n1', container_name: 'tax.1' };
  const status = (health_status: string, ...values: number[]) =>
    series({ __name__: HEALTH_STATUS, ...own, health_status }, ...values);
  const healthy = series({ __name__: 'docker_container_health_healthy', ...own }, 0, 0, 1);
  const [starting, ended] = [status('starting', 1, 1), endOfSeries()];
  const well = status('healthy', ended, ended, 1);
  const lines = telegrafLines('ours');
  assert.equal(lines.keyOf(starting.labels), lines.keyOf(healthy.labels), 'they come together');
  const head = 'docker_container_health,container_name=tax.1,engine_host=n1,host=n1';
  assert.deepEqual([...lines.of([starting, healthy, well]).lines].sort(), [
    `${head} healthy=0i,health_status="starting" ${NOW}000000`,
    `${head} healthy=0i,health_status="starting" ${NOW + 10_000}000000`,
    `${head} healthy=1i,health_status="healthy" ${NOW + 20_000}000000`,
  ]);
  assert.deepEqual(linesOf(status('healthy', 1)), [`${head} health_status="healthy" ${AT}`], 'alone');
  assert.deepEqual(linesOf(status('healthy', ended)), []);
});

test('what our node agent measures is what the mem, disk, net and system plugins write', () => {
  const disk = { node: 'n1', device: '/dev/sda1', fstype: 'ext4', mountpoint: '/' };
  assert.deepEqual(
    linesOf(
      series({ __name__: 'node_memory_MemTotal_bytes', node: 'n1' }, 1000),
      series({ __name__: 'node_memory_MemFree_bytes', node: 'n1' }, 200),
      series({ __name__: 'node_memory_Buffers_bytes', node: 'n1' }, 100),
      series({ __name__: 'node_memory_Cached_bytes', node: 'n1' }, 200),
      series({ __name__: 'node_memory_MemAvailable_bytes', node: 'n1' }, 400),
      series({ __name__: 'node_filesystem_size_bytes', ...disk }, 1000),
      series({ __name__: 'node_filesystem_free_bytes', ...disk }, 400),
      series({ __name__: 'node_filesystem_avail_bytes', ...disk }, 300),
      series({ __name__: 'node_network_receive_bytes_total', node: 'n1', device: 'eth0' }, 5),
      series({ __name__: 'node_load1', node: 'n1' }, 2),
    ),
    [
      `disk,device=sda1,fstype=ext4,host=n1,path=/ total=1000i,free=300i,used=600i,used_percent=66.66666666666666 ${AT}`,
      `mem,host=n1 total=1000i,free=200i,buffered=100i,cached=200i,available=400i,used=500i,used_percent=50,available_percent=40 ${AT}`,
      `net,host=n1,interface=eth0 bytes_recv=5i ${AT}`,
      `system,host=n1 load1=2 ${AT}`,
    ],
  );
});

test('CPU seconds become percent of each CPU and of all, from one look to the next and over portions', () => {
  const cpu = (name: string, mode: string, ...values: number[]) =>
    series({ __name__: 'node_cpu_seconds_total', node: 'n1', cpu: name, mode }, ...values);
  const lines = telegrafLines('ours');
  assert.deepEqual(lines.of([cpu('0', 'user', 1), cpu('0', 'idle', 9), cpu('1', 'idle', 10)]).lines, []);
  const second = lines.of([cpu('0', 'user', 1, 3), cpu('0', 'idle', 9, 17), cpu('1', 'idle', 10, 20)]).lines;
  const later = `${NOW + 10_000}000000`;
  assert.deepEqual([...second].sort(), [
    `cpu,cpu=cpu-total,host=n1 usage_user=10,usage_idle=90 ${later}`,
    `cpu,cpu=cpu0,host=n1 usage_user=20,usage_idle=80 ${later}`,
    `cpu,cpu=cpu1,host=n1 usage_idle=100 ${later}`,
  ]);
});

test('what Telegraf itself sent goes out as it came in', () => {
  assert.deepEqual(
    linesOf(
      series(
        { __name__: 'http_response_response_time', host: 'h', server: 'http://x', result: 'success' },
        0.25,
      ),
      series({ __name__: 'http_response_result_code', host: 'h', server: 'http://x', result: 'success' }, 0),
      series({ __name__: 'postgresql_numbackends', host: 'h', db: 'shop' }, 3),
      series({ __name__: 'nats_in_msgs', host: 'h', server: 'n' }, 3),
      series({ __name__: 'docker_swarm_tasks_running', host: 'h', service_name: 'tax' }, 2),
      series({ __name__: 'cpu_usage_idle', host: 'h', cpu: 'cpu0' }, 97),
    ),
    [
      `cpu,cpu=cpu0,host=h usage_idle=97 ${AT}`,
      `docker_swarm,engine_host=h,host=h,service_name=tax tasks_running=2i ${AT}`,
      `http_response,host=h,result=success,server=http://x response_time=0.25,result_code=0i ${AT}`,
      `nats,host=h,server=n in_msgs=3i ${AT}`,
      `postgresql,db=shop,host=h numbackends=3i ${AT}`,
    ],
  );
});

test('any other metric is a measurement of its name with a float named value, and odd texts do no harm', () => {
  assert.deepEqual(linesOf(series({ __name__: 'requests_total', route: 'a b,c=d\\', text: 'x\ny' }, 3)), [
    `requests_total,host=ours,route=a\\ b\\,c\\=d,text=x\\ y value=3 ${AT}`,
  ]);
});

test('what InfluxDB has no form for is counted, and the end of a series is nothing', () => {
  const lines = telegrafLines('ours');
  assert.deepEqual(
    lines.of([
      series({ __name__: 'x' }, Number.POSITIVE_INFINITY),
      series({ __name__: 'mem_used', host: 'h' }, 1e30),
      { labels: { __name__: 'y' }, times: Float64Array.of(NOW), values: Float64Array.of(endOfSeries()) },
    ]),
    { lines: [], skipped: 2 },
  );
});
