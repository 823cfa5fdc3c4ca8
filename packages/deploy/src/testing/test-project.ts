/** Projects and engines for this package's tests, on services that fixture-goblin.ts plays. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppSpec, app, type ServiceSpec } from '@goblin/core';
import type { LogRecord } from '../logs/log-record.ts';
import { type ProcessEngine, processEngine } from '../process/process-engine.ts';
import type { InstanceStatus, ServiceStatus } from '../process/status.ts';
import type { Project } from '../project/project.ts';

export const FIXTURE_COMMAND: readonly [string, ...string[]] = [
  process.execPath,
  join(import.meta.dirname, 'fixture-goblin.ts'),
];

export interface TestProject extends Disposable {
  readonly project: Project;
  /** Writes the code of a service: what it shall answer. */
  write(service: string, answer: string): void;
  /** A service of this project, for an app model. */
  spec(service: string, more?: Partial<ServiceSpec>): ServiceSpec;
}

export function testProject(services: readonly string[], spec: Partial<AppSpec> = {}): TestProject {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-deploy-'));
  const specOf = (service: string, more: Partial<ServiceSpec> = {}): ServiceSpec =>
    ({ from: `./${service}`, env: { FOLDER: join(folder, service) }, ...more }) as ServiceSpec;
  const write = (service: string, answer: string): void => {
    mkdirSync(join(folder, service), { recursive: true });
    writeFileSync(join(folder, service, 'service.js'), answer);
  };
  for (const service of services) write(service, 'one');
  const dataFolder = join(folder, '.goblin');
  mkdirSync(dataFolder);
  const model = app({
    name: 'test',
    services: Object.fromEntries(services.map((service) => [service, specOf(service)])),
    palantir: false,
    ...spec,
  });
  return {
    project: { model, folder, dataFolder, configFile: join(folder, 'goblin.config.js') },
    write,
    spec: specOf,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface TestEngine extends ProcessEngine {
  readonly records: readonly LogRecord[];
  service(name: string): ServiceStatus;
  /** Resolves when it is true of what runs; it is asked again at each change and regularly. */
  until<T>(condition: () => T | undefined | false): Promise<T>;
  /** The ready instances of a service, once there are `count`. */
  ready(service: string, count?: number): Promise<readonly InstanceStatus[]>;
}

const WAIT_MS = 60_000;
/** Traffic changes without a notice. */
const LOOK_MS = 50;

export async function testEngine({ project }: TestProject, watch = false): Promise<TestEngine> {
  const records: LogRecord[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const again of waiting) again();
  };
  const looking = setInterval(look, LOOK_MS).unref();
  const engine = await processEngine(project, {
    command: FIXTURE_COMMAND,
    env: process.env,
    watch,
    onRecord(record) {
      records.push(record);
      look();
    },
    onChange: () => setImmediate(look),
  });
  const service = (name: string): ServiceStatus => {
    const found = engine.status().services.find((one) => one.service === name);
    if (!found) throw new Error(`there is no service ${name}`);
    return found;
  };
  function until<T>(condition: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(again);
        reject(
          new Error(
            `not true within ${WAIT_MS} ms: ${condition}\n${JSON.stringify(engine.status(), null, 1)}`,
          ),
        );
      }, WAIT_MS);
      function again(): void {
        const value = condition();
        if (value === undefined || value === false) return;
        clearTimeout(timer);
        waiting.delete(again);
        resolve(value);
      }
      waiting.add(again);
      again();
    });
  }
  return {
    ...engine,
    records,
    service,
    until,
    ready: (name, count = 1) =>
      until(() => {
        const { instances } = service(name);
        const ready = instances.filter((instance) => instance.state === 'ready');
        return ready.length === count && instances.length === count && ready;
      }),
    [Symbol.asyncDispose]: () => {
      clearInterval(looking);
      return engine.stop();
    },
  };
}

/** What an instance answers. */
export async function ask(instance: InstanceStatus, path = '/'): Promise<string> {
  // A kept connection could be closed by a draining server in the moment it is used again.
  return (await fetch(`${instance.url}${path}`, { headers: { connection: 'close' } })).text();
}

export function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid!, 0);
    return true;
  } catch {
    return false;
  }
}
