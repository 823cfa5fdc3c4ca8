/** What a process of the platform has, whatever runs in it: settings, log, telemetry, a way into the mesh, and its link
 * to the supervisor where there is one. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  type Config,
  createConfig,
  createLogger,
  createTelemetry,
  LOG_LEVELS,
  type ProcessLogger,
  type ProcessTelemetry,
  type SentrySink,
  type SettingValues,
  secret,
  sentrySink,
  setting,
} from '@goblin/core';
import type { SupervisorLink } from '@goblin/deploy/instance';
import { type Project, secretsFolder } from '@goblin/deploy/project';
import {
  beacon,
  type ClusterKey,
  type Finder,
  type HostOptions,
  localClusterKey,
  parseBeaconSetting,
  seeds,
} from '@goblin/mesh';

/** The settings that every process of the platform has. */
export const PROCESS_SETTINGS = {
  GOBLIN_PORT: setting.integer({
    min: 0,
    max: 65_535,
    optional: true,
    description: 'Where to listen; 0 takes any free port',
  }),
  GOBLIN_HOST: setting.text({
    optional: true,
    description: 'The address to listen on; 127.0.0.1 unless set',
  }),
  GOBLIN_SEEDS: setting.list({ default: [], description: 'Peers to ask for others, as host:port' }),
  GOBLIN_BEACON: setting.text({
    default: 'loopback',
    description: 'Where to look for peers by beacon: off, loopback, lan or an interface',
  }),
  GOBLIN_SLEUTH: setting.text({
    default: 'off',
    description: 'Where to serve Sleuth peers too: off, or an interface such as eth0',
  }),
  LOG_LEVEL: setting.choice(LOG_LEVELS, { default: 'info', description: 'Lines below it are not logged' }),
  SENTRY_DSN: secret({ optional: true, description: 'Where errors are reported, by the protocol of Sentry' }),
} as const;

export interface PlatformProcess {
  readonly name: string;
  readonly instance: string;
  readonly version: string;
  readonly project: Project;
  readonly config: Config;
  readonly settings: SettingValues<typeof PROCESS_SETTINGS>;
  readonly log: ProcessLogger;
  readonly telemetry: ProcessTelemetry;
  readonly finders: readonly Finder[];
  readonly clusterKey: ClusterKey;
  readonly supervisor: SupervisorLink | undefined;
  /** Sends what is left to be sent. Never rejects. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a process: arguments, environment, secret files of the project. */
export function processConfig(
  name: string,
  project: Project,
  argv: readonly string[],
  env: Environment,
  collect = false,
): Config {
  const secrets = secretsFolder(project.dataFolder);
  const GOBLIN_SECRETS = env.GOBLIN_SECRETS ?? (existsSync(secrets) ? secrets : undefined);
  return createConfig({ service: name, argv, env: { ...env, GOBLIN_SECRETS }, cwd: project.folder, collect });
}

export interface ProcessOptions {
  readonly name: string;
  readonly project: Project;
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly supervisor: SupervisorLink | undefined;
}

/** @throws CONFIG_INVALID */
export async function platformProcess(options: ProcessOptions): Promise<PlatformProcess> {
  const { name, project, argv, env, supervisor } = options;
  const instance = env.GOBLIN_INSTANCE ?? `${name}-${randomBytes(3).toString('hex')}`;
  const version = env.GOBLIN_VERSION ?? 'dev';
  const config = processConfig(name, project, argv, env);
  const settings = config.read(PROCESS_SETTINGS);
  const sink: SentrySink | undefined =
    settings.SENTRY_DSN && sentrySink({ dsn: settings.SENTRY_DSN, release: version });
  const log = createLogger({
    service: name,
    instance,
    version,
    level: settings.LOG_LEVEL,
    ...(sink && { onError: sink.report }),
  });
  const telemetry = createTelemetry({ service: name, instance, version, log, env });
  return {
    name,
    instance,
    version,
    project,
    config,
    settings,
    log,
    telemetry,
    finders: findersOf(settings),
    clusterKey: await localClusterKey({ cluster: project.model.name, dataFolder: project.dataFolder }),
    supervisor,
    async close() {
      await Promise.all([telemetry.stop(), sink?.stop()]);
      log.flush();
    },
  };
}

export function findersOf(settings: {
  readonly GOBLIN_BEACON: string;
  readonly GOBLIN_SEEDS: readonly string[];
}): Finder[] {
  const options = parseBeaconSetting(settings.GOBLIN_BEACON);
  return [
    ...(options ? [beacon(options)] : []),
    ...(settings.GOBLIN_SEEDS.length > 0 ? [seeds(settings.GOBLIN_SEEDS)] : []),
  ];
}

/** What every process of the platform tells its host. What is in a service's own folder, and more, is added where it is started. */
export function hostOptionsOf(self: PlatformProcess): HostOptions {
  const { name, version, instance, project, config, settings, telemetry, finders, clusterKey } = self;
  return {
    ...{ name, version, instance, telemetry, finders, clusterKey },
    host: settings.GOBLIN_HOST ?? '127.0.0.1',
    port: settings.GOBLIN_PORT ?? 0,
    folder: project.folder,
    dataFolder: project.dataFolder,
    config: config.read,
  };
}
