/** How an instance's process is started: what is run, where and with which environment. Programs that are not ours
 * are run by `goblin run` too, which stands beside them: it polls their health, speaks for them in the mesh and ends
 * them when the supervisor is gone. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ServiceModel } from '@goblin/core';
import { BACKUP, EDGE, PALANTIR, type Project, secretsFolder } from '../project/project.ts';
import type { InstanceSpec } from './instance.ts';

export interface LaunchOptions {
  /** The program that `goblin` is, with its first arguments: `[node, goblin.js]`. */
  readonly command: readonly [string, ...string[]];
  /** Arguments for the edge, such as `--port`. */
  readonly edgeArgs?: readonly string[];
  /** Where they send telemetry to, where they are not told otherwise. */
  readonly collector?: URL | undefined;
  /** What the processes inherit. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How often metrics are sent to our own collector, in milliseconds: often enough for a wall. */
const METRICS_EVERY = '3000';

/** Set for the supervisor, these mean something of its own; an instance must not take them over. */
const NOT_INHERITED = ['GOBLIN_PORT', 'GOBLIN_HOST', 'GOBLIN_INSTANCE', 'GOBLIN_VERSION'];

/** @param model undefined for what is not a service of the model. */
export function launchSpec(
  project: Project,
  service: string,
  version: string,
  model: ServiceModel | undefined,
  options: LaunchOptions,
): InstanceSpec {
  const [file, ...first] = options.command;
  const inherited = Object.fromEntries(
    Object.entries(options.env).filter(([name]) => !NOT_INHERITED.includes(name)),
  );
  const id = `${service}-${randomBytes(3).toString('hex')}`;
  return {
    id,
    service,
    version,
    file,
    args: [...first, 'run', service, ...(service === EDGE ? (options.edgeArgs ?? []) : [])],
    cwd: project.folder,
    hasReadiness: model?.kind === 'service' || service === BACKUP || service === PALANTIR,
    env: {
      ...telemetryOf(service, options.collector, project.dataFolder),
      ...model?.env,
      ...inherited,
      GOBLIN_CONFIG: project.configFile,
      GOBLIN_DATA: project.dataFolder,
      GOBLIN_SECRETS: inherited.GOBLIN_SECRETS ?? secretsFolder(project.dataFolder),
      GOBLIN_INSTANCE: id,
      GOBLIN_VERSION: version,
      NODE_COMPILE_CACHE: join(project.dataFolder, 'compile-cache'),
    },
  };
}

/** The standard variables of OpenTelemetry, so that programs which are not ours send theirs too. */
function telemetryOf(
  service: string,
  collector: URL | undefined,
  dataFolder: string,
): Record<string, string> {
  if (!collector) return {};
  if (service === PALANTIR) return { GOBLIN_PORT: collector.port };
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_METRIC_EXPORT_INTERVAL: METRICS_EVERY,
    OTEL_SERVICE_NAME: service,
    OTLP_SPOOL: join(dataFolder, 'spool'),
  };
}
