/** Starts what a process is made of and stops it in reverse. Modules name what they need by `context.use(other)`
 * inside their `start`; from that the runtime knows the order, starts what it can side by side, and stops a
 * module only after everything that uses it has stopped. If one fails to start, what had started is stopped
 * and the error names the chain of modules and the cause. */
import { untilDeadline } from './deadline.ts';
import { GoblinError } from './errors.ts';
import type { Health } from './health.ts';
import type { Module, ModuleContext } from './module.ts';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const HEALTH_TIMEOUT_MS = 2_000;

interface Entry {
  readonly module: Module;
  readonly value: Promise<unknown>;
  readonly needs: Set<Entry>;
  stopped: Promise<void> | undefined;
}

export interface Runtime extends AsyncDisposable {
  /** Starts the module, once however often it is asked for, and answers its value. @throws MODULE_FAILED */
  use<T>(module: Module<T>): Promise<T>;
  /** What each running module says of its health; one that does not answer in time is not healthy. */
  health(): Promise<Record<string, Health>>;
  /** Stops everything, dependents first. Modules that fail to stop are reported together, after all had their turn. */
  stop(): Promise<void>;
}

/** @param base what every module is given, but for `use`. */
export function createRuntime(base: Omit<ModuleContext, 'use'>): Runtime {
  const entries = new Map<Module, Entry>();

  function start<T>(module: Module<T>, chain: readonly Entry[]): Promise<T> {
    const user = chain.at(-1);
    const cycle = chain.find((entry) => entry.module === module);
    if (cycle) {
      const names = [...chain.slice(chain.indexOf(cycle)).map((entry) => entry.module.name), module.name];
      return Promise.reject(
        new GoblinError('MODULE_FAILED', {
          message: `modules need each other in a circle: ${names.join(' → ')}`,
        }),
      );
    }
    let entry = entries.get(module as Module);
    if (!entry) {
      const needs = new Set<Entry>();
      const { promise: value, resolve } = Promise.withResolvers<unknown>();
      entry = { module: module as Module, value, needs, stopped: undefined };
      entries.set(module as Module, entry);
      resolve(begin(entry, [...chain, entry]));
    }
    user?.needs.add(entry);
    return entry.value as Promise<T>;
  }

  async function begin(entry: Entry, chain: readonly Entry[]): Promise<unknown> {
    const { module } = entry;
    const context: ModuleContext = { ...base, use: (other) => start(other, chain) };
    try {
      return await untilDeadline(
        Promise.resolve().then(() => module.start(context)),
        START_TIMEOUT_MS,
        () => `${module.name} did not start within ${START_TIMEOUT_MS / 1_000} s`,
      );
    } catch (error) {
      entries.delete(module);
      if (error instanceof GoblinError && (error.code === 'CONFIG_INVALID' || error.code === 'MODULE_FAILED'))
        throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new GoblinError('MODULE_FAILED', {
        message: `${chain.map((link) => link.module.name).join(' → ')} could not start: ${reason}`,
        cause: error,
      });
    }
  }

  function stopEntry(entry: Entry, all: readonly Entry[], failures: unknown[]): Promise<void> {
    entry.stopped ??= (async () => {
      const users = all.filter((other) => other.needs.has(entry));
      await Promise.all(users.map((user) => stopEntry(user, all, failures)));
      try {
        const value = await entry.value;
        await untilDeadline(
          Promise.resolve().then(() => entry.module.stop?.(value)),
          STOP_TIMEOUT_MS,
          () => `${entry.module.name} did not stop within ${STOP_TIMEOUT_MS / 1_000} s`,
        );
      } catch (error) {
        failures.push(error);
      }
    })();
    return entry.stopped;
  }

  async function stop(): Promise<void> {
    const all = [...entries.values()];
    const failures: unknown[] = [];
    await Promise.all(all.map((entry) => stopEntry(entry, all, failures)));
    entries.clear();
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} of ${all.length} modules failed to stop`);
  }

  async function healthOf(entry: Entry): Promise<Health> {
    try {
      const value = await entry.value;
      return await untilDeadline(
        Promise.resolve().then(() => entry.module.health?.(value) ?? { ok: true }),
        HEALTH_TIMEOUT_MS,
        () => `no answer within ${HEALTH_TIMEOUT_MS / 1_000} s`,
      );
    } catch (error) {
      return { ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
  }

  return {
    use: (module) => start(module, []),
    async health() {
      const checks = await Promise.all(
        [...entries.values()].map(async (entry) => [entry.module.name, await healthOf(entry)] as const),
      );
      return Object.fromEntries(checks);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
