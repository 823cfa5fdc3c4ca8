import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { hostAndPort } from '../peer.ts';
import { file } from './file.ts';
import { announcement, testProcess, until } from './testing/recorder.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goblin-file-'));
});
after(() => rm(folder, { recursive: true }));

async function start(path: string) {
  const clock = virtualClock();
  const process = testProcess(announcement('tax-1'), { clock });
  const asked = new Set<string>();
  const running = await file({ path }).start({
    ...process,
    listensAt: (address) => asked.has(hostAndPort(address)),
    async contact(address) {
      asked.add(hostAndPort(address));
      return address.host;
    },
  });
  return { clock, asked, telemetry: process.telemetry, [Symbol.asyncDispose]: () => running.stop() };
}

test('those listed are found, comments aside, and those added later too', async () => {
  const path = join(folder, 'peers');
  await writeFile(path, '# ours\n10.0.0.7:4100\n\n[fd00::7]:4100 # the new one\n');
  await using found = await start(path);
  assert.deepEqual([...found.asked].sort(), ['10.0.0.7:4100', '[fd00::7]:4100']);
  await writeFile(`${path}.new`, '10.0.0.7:4100\nseed.example:80\n');
  await rename(`${path}.new`, path);
  await until('the change is seen', () => {
    void found.clock.advance(1_000);
    return found.asked.has('seed.example:80');
  });
});

test('a file that is not there and lines that are no addresses are reported, the others used', async () => {
  const path = join(folder, 'later');
  await using found = await start(path);
  assert.match(found.telemetry.warnings[0]!, /file: .*later cannot be read: ENOENT/);
  await writeFile(path, 'nonsense\n10.0.0.7\n10.0.0.8:80\n');
  await until('it is read', () => {
    void found.clock.advance(1_000);
    return found.asked.size === 1;
  });
  await found.clock.advance(60_000);
  assert.ok(
    found.telemetry.warnings.some((line) => /2 lines that are not host:port, such as "nonsense"/.test(line)),
  );
});
