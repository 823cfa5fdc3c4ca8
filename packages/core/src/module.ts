/** A module is something a process runs: a database pool, a listener, a background loop. It is a value that
 * can be started anywhere once; the runtime (runtime.ts) starts modules in dependency order. */
import type { ConfigReader } from './config/config.ts';
import type { Health } from './health.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** What a module is given to start with. */
export interface ModuleContext {
  /** The service whose process this is, and which instance of it. */
  readonly service: string;
  readonly instance: string;
  readonly telemetry: Telemetry;
  /** Reads settings: arguments, environment, `.env`, secret files. Registers them for `--help`. */
  readonly config: ConfigReader;
  /** Where this project keeps its data on this machine. */
  readonly dataFolder: string;
  /** Aborted when the process is told to stop, before anything is stopped. */
  readonly stopping: AbortSignal;
  /** The running value of another module, started first where it is not running yet. */
  use<T>(module: Module<T>): Promise<T>;
}

export interface Module<T = unknown> {
  readonly name: string;
  /** Starts it. What it answers is what `app.use(module)` answers. */
  start(context: ModuleContext): Promise<T> | T;
  /** Stops it, drained: what was begun ends, nothing new begins. */
  stop?(value: T): Promise<void> | void;
  /** Asked regularly while it runs. Not healthy means not ready. */
  health?(value: T): Promise<Health> | Health;
}

export function module<T>(definition: Module<T>): Module<T> {
  return definition;
}
