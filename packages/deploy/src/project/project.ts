/** A project is an app model with its places on this machine: the config file, the folder that its paths are
 * relative to, and the data folder. All commands find it the same way, so that `goblin ls` in one terminal
 * speaks of what `goblin up` runs in another. */
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AppModel, GoblinError } from '@goblin/core';
import { findConfigFile } from './find-config.ts';

/** The name of the edge among the services. */
export const EDGE = 'edge';
/** The name of the process that makes the backups. */
export const BACKUP = 'backup';
/** The name of the process that keeps and shows the telemetry. */
export const PALANTIR = 'palantir';

export interface Project {
  readonly model: AppModel;
  /** Absolute. */
  readonly configFile: string;
  /** Where the config file is; paths in the model begin here. */
  readonly folder: string;
  /** Everything the project keeps on this machine. Only its owner may look into it. */
  readonly dataFolder: string;
}

export interface ProjectOptions {
  /** `--config` */
  readonly config?: string | undefined;
  /** `--data` */
  readonly data?: string | undefined;
  /** Default the working folder. */
  readonly cwd?: string;
  /** Default `process.env`; GOBLIN_CONFIG and GOBLIN_DATA count after the options above. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Finds and loads the project and makes its data folder.
 * @throws NOT_FOUND when there is no config file; CONFIG_INVALID when it has no valid app model. */
export async function loadProject(options: ProjectOptions = {}): Promise<Project> {
  const { cwd = process.cwd(), env = process.env } = options;
  const configFile = findConfigFile(options.config ?? env.GOBLIN_CONFIG, cwd);
  const model = await loadAppModel(configFile);
  const folder = dirname(configFile);
  const data = options.data ?? env.GOBLIN_DATA;
  const dataFolder = data ? resolve(cwd, data) : join(folder, '.goblin');
  makeDataFolder(dataFolder);
  return { model, configFile, folder, dataFolder };
}

/** @param revision reads the file anew for each different one: modules are otherwise loaded once.
 * @throws CONFIG_INVALID */
export async function loadAppModel(configFile: string, revision?: string): Promise<AppModel> {
  const url = pathToFileURL(configFile);
  if (revision !== undefined) url.searchParams.set('revision', revision);
  let loaded: { default?: unknown };
  try {
    loaded = (await import(url.href)) as { default?: unknown };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GoblinError('CONFIG_INVALID', {
      message: `${configFile} cannot be loaded: ${reason}`,
      cause: error,
    });
  }
  if (!isAppModel(loaded.default)) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${configFile} has no app model: write \`export default app({ name, services })\` in it`,
    });
  }
  return loaded.default;
}

/** The processes of the platform itself that a model asks for, beside its services. */
export function ownProcesses({ edge, backup, palantir }: AppModel): string[] {
  return [...(edge ? [EDGE] : []), ...(backup ? [BACKUP] : []), ...(palantir ? [PALANTIR] : [])];
}

/** Where the secrets of a project are; given to its processes as GOBLIN_SECRETS. */
export function secretsFolder(dataFolder: string): string {
  return join(dataFolder, 'secrets');
}

/** For its owner. Under root others may pass through, not look: PostgreSQL, which refuses to be root, has its own
 * folder in it. */
function makeDataFolder(path: string): void {
  makePrivateFolder(path);
  if (process.getuid?.() === 0) chmodSync(path, 0o711);
}

/** @throws CONFIG_INVALID when it is somebody else's, or cannot be made. */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  } catch (cause) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the data folder ${path} cannot be used (${(cause as Error).message}): name another one by --data or GOBLIN_DATA`,
      cause,
    });
  }
}

function isAppModel(value: unknown): value is AppModel {
  return typeof value === 'object' && value !== null && 'services' in value && 'secrets' in value;
}
