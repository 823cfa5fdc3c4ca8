import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  parseDiskstats,
  parseKeyed,
  parseLimit,
  parseLoadavg,
  parseMaxFiles,
  parseMeminfo,
  parseMountinfo,
  parseNetDev,
  parsePressure,
  parseProcessCgroups,
  parseProcessStat,
  parseResident,
  parseStat,
} from './proc-files.ts';

const PARSERS = {
  parseStat,
  parseMeminfo,
  parseLoadavg,
  parseNetDev,
  parseDiskstats,
  parsePressure,
  parseMountinfo,
  parseProcessStat,
  parseResident,
  parseMaxFiles,
  parseProcessCgroups,
  parseKeyed,
  parseLimit,
};
const isLinux = process.platform === 'linux';

test('the times of each CPU are told by mode, also by a kernel that knows fewer of them', () => {
  const { cpus, contextSwitches, bootTimeSeconds } = parseStat(
    'cpu  3 3 3 3\ncpu0 100 200 300 400 5 6 7 8 9 10\ncpu1 100 0 0 50\nintr 1 2\nctxt 99\nbtime 1700000000\n',
  );
  assert.deepEqual(cpus[0], {
    cpu: '0',
    modes: { user: 1, nice: 2, system: 3, idle: 4, iowait: 0.05, irq: 0.06, softirq: 0.07, steal: 0.08 },
  });
  assert.deepEqual(cpus[1], { cpu: '1', modes: { user: 1, nice: 0, system: 0, idle: 0.5 } });
  assert.deepEqual([contextSwitches, bootTimeSeconds], [99, 1_700_000_000]);
});

test('memory is told in bytes, counts of pages as they are', () => {
  const memory = parseMeminfo(
    'MemTotal:  24684092 kB\nActive(anon):  12 kB\nHugePages_Total:  3\nodd line\n',
  );
  assert.deepEqual(
    [...memory],
    [
      ['MemTotal', 24684092 * 1024],
      ['Active_anon', 12 * 1024],
      ['HugePages_Total', 3],
    ],
  );
});

test('interfaces are read with and without a space behind their name', () => {
  const [lo, eth] = parseNetDev(
    `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 10 2 0 1 0 0 0 0 20 3 4 5 0 0 0 0
eth0.7:5583343952 160807 0 0 0 0 0 0 1 2 3 4 0 0 0 0
`,
  );
  assert.deepEqual(lo, {
    device: 'lo',
    receive: { bytes: 10, packets: 2, errs: 0, drop: 1 },
    transmit: { bytes: 20, packets: 3, errs: 4, drop: 5 },
  });
  assert.deepEqual([eth?.device, eth?.receive.bytes], ['eth0.7', 5_583_343_952]);
});

test('disks that were used are told, loop and RAM devices are not', () => {
  const text = `   7       0 loop0 5 0 8 0 5 0 8 0 0 0 0
 254       0 vda 838558 66881 100 943842 11116569 2775508 200 3991770 0 821324 5499703 4097371 19808
 254       1 vdb 0 0 0 0 0 0 0 0 0 0 0 0 0
   8       0 sda 1 0 2 0 1 0 4 0 0 1500 0
`;
  assert.deepEqual(parseDiskstats(text), [
    { device: 'vda', readBytes: 51_200, writtenBytes: 102_400, ioSeconds: 821.324 },
    { device: 'sda', readBytes: 1_024, writtenBytes: 2_048, ioSeconds: 1.5 },
  ]);
});

test('pressure is told in seconds, and `full` only where the kernel tells it', () => {
  const some = 'some avg10=2.32 avg60=1.17 avg300=2.89 total=1500000\n';
  assert.deepEqual(parsePressure(`${some}full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n`), {
    some: 1.5,
    full: 0.5,
  });
  assert.deepEqual(parsePressure(some), { some: 1.5 });
  assert.deepEqual(parsePressure(''), {});
});

test('mounts are read with optional fields and with spaces in their names', () => {
  const text = String.raw`27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
36 27 8:1 / /mnt/my\040disk rw master:1 shared:2 - xfs /dev/sda1 rw
29 26 0:26 / /dev/pts rw - devpts devpts
broken line
`;
  assert.deepEqual(parseMountinfo(text), [
    { id: '254:0', mountpoint: '/', fstype: 'ext4', device: '/dev/vda' },
    { id: '8:1', mountpoint: '/mnt/my disk', fstype: 'xfs', device: '/dev/sda1' },
    { id: '0:26', mountpoint: '/dev/pts', fstype: 'devpts', device: 'devpts' },
  ]);
});

test('a process with any name is read: spaces, parentheses, line breaks', () => {
  const rest = 'S 1 1 1 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 7 0 3650402 3133440 388 18446744073709551615';
  for (const name of ['node', 'tmux: server', 'a) R 1 (b', 'new\nline'])
    assert.deepEqual(parseProcessStat(`42 (${name}) ${rest}`), {
      cpuSeconds: 3,
      threads: 7,
      startedAfterBootSeconds: 36_504.02,
    });
});

test('limits, cgroups and their numbers are read, and what is no limit is none', () => {
  const limits =
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024     524288      files\n';
  assert.equal(parseMaxFiles(limits), 1_024);
  assert.equal(parseMaxFiles(limits.replace('1024', 'unlimited')), Infinity);
  const one = parseProcessCgroups(
    '9:name=systemd:/\n4:cpu,cpuacct:/docker/a1\n3:memory:/docker/a1\n0::/a:b\n',
  );
  assert.deepEqual(
    [one.get('cpuacct'), one.get('memory'), one.get('')],
    ['/docker/a1', '/docker/a1', '/a:b'],
  );
  assert.deepEqual(['max\n', '9223372036854771712\n', '1048576\n', '', 'x'].map(parseLimit), [
    undefined,
    undefined,
    1_048_576,
    undefined,
    undefined,
  ]);
  assert.equal(parseKeyed('usage_usec 12\nnr_periods 3\nodd\n').get('usage_usec'), 12);
});

test('no parser fails or invents numbers, whatever is in a file', () => {
  for (const text of [
    '',
    '\n\n',
    'garbage',
    ': : :',
    '(',
    'cpu0 x y z',
    '\0\0',
    'some avg10=x total=',
    ' - ',
  ]) {
    for (const [name, parse] of Object.entries(PARSERS)) {
      const found = JSON.stringify(parse(text) ?? null, (_, value) =>
        value instanceof Map ? [...value] : value,
      );
      assert.doesNotMatch(found, /\d{2}/, `${name} of ${JSON.stringify(text)}`);
    }
  }
});

test("this machine's own files are read", { skip: !isLinux && 'there is no /proc' }, () => {
  const read = (path: string): string => readFileSync(`/proc/${path}`, 'utf8');
  assert.ok(parseStat(read('stat')).cpus[0]!.modes.idle! > 0);
  assert.ok(parseMeminfo(read('meminfo')).get('MemAvailable')! > 0);
  assert.equal(parseLoadavg(read('loadavg'))?.length, 3);
  assert.ok(parseNetDev(read('net/dev')).some(({ device }) => device === 'lo'));
  assert.ok(parseMountinfo(read('self/mountinfo')).some(({ mountpoint }) => mountpoint === '/'));
  assert.ok(parseProcessStat(read('self/stat'))!.threads > 1);
  assert.ok(parseResident(read('self/status'))! > 1e6);
  assert.ok(parseMaxFiles(read('self/limits'))! > 0);
});
