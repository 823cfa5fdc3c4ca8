/** Real receivers out of Debian packages, each on a free port of loopback with a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../testing/free-port.ts';

const STARTS_WITHIN_MS = 30_000;

export interface RealServer extends AsyncDisposable {
  readonly url: string;
}

/** For `skip` of a test. */
export function missing(program: string, debianPackage: string): string | false {
  return existsSync(program) ? false : `the Debian package ${debianPackage} is not installed`;
}

export const PROMETHEUS = '/usr/bin/prometheus';
export const VICTORIA = '/usr/bin/victoria-metrics';
export const INFLUX = '/usr/bin/influxd';

/** @param config of prometheus.yml */
export function prometheus(config = '{}'): Promise<RealServer> {
  return started(PROMETHEUS, '/-/ready', async (folder, port) => {
    await writeFile(join(folder, 'prometheus.yml'), config);
    return [
      ...[`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--web.enable-remote-write-receiver'],
      ...['--storage.tsdb.retention.time=100y', '--log.level=error', '--enable-feature=exemplar-storage'],
    ];
  });
}

export function victoriaMetrics(): Promise<RealServer> {
  return started(VICTORIA, '/health', async (folder, port) => [
    ...[`-storageDataPath=${folder}`, `-httpListenAddr=127.0.0.1:${port}`],
    ...['-retentionPeriod=100y', '-loggerLevel=ERROR', '-search.latencyOffset=0s'],
  ]);
}

export function influxdb(): Promise<RealServer> {
  return started(INFLUX, '/ping', async (folder, port) => {
    const config = [
      `reporting-disabled = true\nbind-address = "127.0.0.1:${await freePort()}"`,
      `[meta]\n  dir = "${folder}/meta"\n[data]\n  dir = "${folder}/data"\n  wal-dir = "${folder}/wal"`,
      `[http]\n  bind-address = "127.0.0.1:${port}"\n  log-enabled = false\n[monitor]\n  store-enabled = false`,
    ];
    await writeFile(join(folder, 'influxdb.conf'), config.join('\n'));
    return ['-config', join(folder, 'influxdb.conf')];
  });
}

async function started(
  program: string,
  path: string,
  prepare: (folder: string, port: number) => Promise<readonly string[]>,
): Promise<RealServer> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-export-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program, [...(await prepare(folder, port))], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  async function stop(): Promise<void> {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  }
  const isReady = (): Promise<boolean> =>
    fetch(url + path).then(
      ({ ok }) => ok,
      () => false,
    );
  for (const deadline = Date.now() + STARTS_WITHIN_MS; !(await isReady()); await pause(50)) {
    if (Date.now() < deadline && child.exitCode === null) continue;
    await stop();
    throw new Error(`${program} did not start`);
  }
  return { url, [Symbol.asyncDispose]: stop };
}
