/** Runs an app model as processes on this machine, and keeps them running: the engine behind `goblin up`.
 *
 * Each instance is a child process in a group of its own (instance.ts), in a place that is kept filled (slot.ts). When
 * the code of a service changes its instances are replaced one by one without a gap; when the model changes,
 * services come and go and the edge gets its new routes. It stops from the outside in: first the edge, so that
 * no new work comes, then the services, then the programs that these call and the backup, which so has what the
 * services wrote last, and at the end Palantir, which has the last telemetry of all; within STOP_TIMEOUT_MS. If the
 * engine itself is killed, the instances notice, drain and exit. */
import { type Clock, closest, GoblinError, systemClock } from '@goblin/core';
import { type ControlServer, controlServer } from '../control/control-server.ts';
import { controlSocketPath } from '../control/socket-path.ts';
import { takeUpLock } from '../control/up-lock.ts';
import { logCollector, logsFolder } from '../logs/log-collector.ts';
import type { LogRecord } from '../logs/log-record.ts';
import { loadAppModel, type Project } from '../project/project.ts';
import { ensureSecrets } from '../project/secrets.ts';
import { sourceFiles } from '../watch/source-files.ts';
import { type SourceWatcher, watchSources } from '../watch/source-watcher.ts';
import { type Fleet, fleet, type Member } from './fleet.ts';
import type { LaunchOptions } from './launch.ts';
import type { EngineStatus } from './status.ts';

/** Shared out between the edge, the services, and what is stopped last. The backup and Palantir get what the others left of it. */
const STOP_TIMEOUT_MS = 4_500;
const EDGE_STOP_MS = 1_250;
const LAST_STOP_MS = 750;
/** When the others have used up the time. */
const PALANTIR_STOP_MS = 400;
const SERVICE_STOP_MS = STOP_TIMEOUT_MS - EDGE_STOP_MS - LAST_STOP_MS;
const MAX_INSTANCES = 100;

export interface ProcessEngineOptions extends LaunchOptions {
  /** Replace instances when their code changes, and follow the config file. */
  readonly watch: boolean;
  /** Told of each line of any log. */
  readonly onRecord?: (record: LogRecord) => void;
  /** Told when the status has changed, but for traffic. */
  readonly onChange?: () => void;
  readonly clock?: Clock;
}

export interface ProcessEngine extends AsyncDisposable {
  status(): EngineStatus;
  /** Changes how many instances of each named service run. Resolves when the new ones are ready and the others have
   * drained. @throws NOT_FOUND or INVALID_INPUT, and then nothing is changed; MODULE_FAILED */
  scale(services: Readonly<Record<string, number>>): Promise<void>;
  /** Replaces all instances of a service, or one instance. @throws NOT_FOUND, MODULE_FAILED */
  restart(name: string): Promise<void>;
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** @throws ALREADY_EXISTS when an engine runs on this data folder. */
export async function processEngine(project: Project, options: ProcessEngineOptions): Promise<ProcessEngine> {
  const { dataFolder, configFile, model } = project;
  const { clock = systemClock, onChange = () => {}, onRecord = () => {} } = options;
  const lock = takeUpLock(dataFolder);
  const startedAt = clock.wall();
  const logs = logCollector(logsFolder(dataFolder), onRecord, clock);
  const all = fleet(project, { ...options, clock, logs, onChange });
  let stopped: Promise<void> | undefined;
  let control: ControlServer | undefined;
  let config: SourceWatcher | undefined;

  async function apply(next = model): Promise<void> {
    const made = await ensureSecrets(dataFolder, next.secrets);
    if (made.length > 0)
      logs.note('info', `made ${made.length === 1 ? 'a secret' : 'secrets'}: ${made.join(', ')}`);
    await all.apply(next);
  }

  let turn: Promise<void> = Promise.resolve();
  function reload(revision: string): void {
    turn = turn.then(async () => {
      try {
        const next = await loadAppModel(configFile, revision);
        if (!stopped) await apply(next);
      } catch (error) {
        logs.note('error', `the app model stays as it was: ${(error as Error).message}`);
      }
    });
  }

  async function windDown(): Promise<void> {
    config?.stop();
    onChange();
    const untilMs = clock.now() + STOP_TIMEOUT_MS;
    await all.stop('edge', EDGE_STOP_MS);
    await all.stop('service', SERVICE_STOP_MS);
    await Promise.all([
      all.stop('program', LAST_STOP_MS),
      all.stop('backup', Math.max(LAST_STOP_MS, untilMs - clock.now())),
    ]);
    await all.stop('palantir', Math.max(PALANTIR_STOP_MS, untilMs - clock.now()));
    await control?.close();
    logs.close();
    lock.release();
  }

  function stop(): Promise<void> {
    stopped ??= windDown();
    return stopped;
  }

  const engine: ProcessEngine = {
    status: () => ({
      name: model.name,
      pid: process.pid,
      startedAt,
      state: stopped ? 'stopping' : 'running',
      services: [...all.members.values()].map(({ group }) => group.status()),
    }),
    async scale(services) {
      const changes = Object.entries(services).map(([service, instances]) => {
        const { group, kind } = memberNamed(all, service);
        checkInstances(service, kind, instances);
        return { group, instances };
      });
      for (const { group, instances } of changes)
        logs.note('info', `${group.name} is scaled to ${instances}`);
      await Promise.all(changes.map(({ group, instances }) => group.scale(instances)));
    },
    async restart(name) {
      const owner = [...all.members.values()].find(({ group }) =>
        group.status().instances.some(({ instance }) => instance === name),
      );
      await (owner ? owner.group.replace(name) : memberNamed(all, name).group.replace());
    },
    stop,
    kill: () => all.kill(),
    [Symbol.asyncDispose]: stop,
  };

  try {
    control = await controlServer(controlSocketPath(dataFolder), engine);
    await apply();
    if (options.watch) config = watchSources(() => sourceFiles(undefined, [configFile]), reload, clock);
    return engine;
  } catch (error) {
    await stop();
    throw error;
  }
}

function memberNamed(all: Fleet, name: string): Member {
  const member = all.members.get(name);
  if (member) return member;
  const meant = closest(name, all.members.keys());
  const hint = meant ? `: did you mean ${meant}?` : `; there are ${[...all.members.keys()].join(', ')}`;
  throw new GoblinError('NOT_FOUND', { message: `there is no service ${JSON.stringify(name)}${hint}` });
}

const ONLY_ONE = {
  program: 'it listens on a port of its own',
  edge: 'it listens on a port of its own',
  backup: 'one process makes the backups',
  palantir: 'one process keeps the telemetry',
} as const;

function checkInstances(service: string, kind: Member['kind'], instances: number): void {
  const most = kind === 'service' ? MAX_INSTANCES : 1;
  if (Number.isInteger(instances) && instances >= 0 && instances <= most) return;
  const reason = kind === 'service' ? '' : ` (${ONLY_ONE[kind]})`;
  throw new GoblinError('INVALID_INPUT', {
    message: `${service} can be scaled to a whole number from 0 to ${most}${reason}, not to ${instances}`,
  });
}
