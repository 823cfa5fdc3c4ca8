/** Builds a service without running it, to learn what it asks for and offers: its settings, its routes. Its factory gets
 * an app on which everything exists and nothing happens. A module is asked for its settings by beginning to
 * start it: the attempt ends where it has read them, or where it reaches for anything else. What depends on a
 * value that only a running service has may stay unseen. */
import type { App, ConfigReader, Module, ServeOptions, ServiceDefinition } from '@goblin/core';

const LONGEST_MS = 1_000;

/** Stands for any value: can be called, constructed and asked for members, without end. */
const anything: unknown = new Proxy(function anything() {}, {
  get: (_, key) => (key === 'then' ? undefined : key === Symbol.toPrimitive ? () => '' : anything),
  apply: () => anything,
  construct: () => anything as object,
});

class Enough extends Error {}

/** @param read collects and never throws.
 * @param onModule called with each module that it uses.
 * @returns the service's options, as far as they could be built. */
export async function dryBuild(
  name: string,
  definition: ServiceDefinition,
  read: ConfigReader,
  onModule: (module: Module) => void = () => {},
): Promise<ServeOptions<never>> {
  const app = dryApp(name, read, onModule);
  const { implementation, options } = definition;
  if (typeof implementation === 'function') {
    await Promise.race([
      attempt(() => implementation(app)),
      new Promise((resolve) => setTimeout(resolve, LONGEST_MS).unref()),
    ]);
  }
  if (typeof options !== 'function') return options as ServeOptions<never>;
  return ((await attempt(() => options(app))) ?? {}) as ServeOptions<never>;
}

function dryApp(name: string, read: ConfigReader, onModule: (module: Module) => void): App {
  const known: Partial<App> = {
    service: name,
    instance: name,
    config: ((schemas) =>
      Object.assign(Object.create(anything as object), defined(read(schemas)))) as ConfigReader,
    use: async <T>(module: Module<T>) => {
      onModule(module as Module);
      await attempt(() => module.start(moduleContext(name, read)));
      return anything as T;
    },
  };
  return new Proxy(known as App, { get: (app, key) => Reflect.get(app, key) ?? anything });
}

function moduleContext(name: string, read: ConfigReader): Parameters<Module['start']>[0] {
  const known = {
    service: name,
    instance: name,
    config: ((schemas) => {
      read(schemas);
      throw new Enough();
    }) as ConfigReader,
  };
  return new Proxy(known as never, {
    get(context, key) {
      if (key in context) return Reflect.get(context, key);
      throw new Enough();
    },
  });
}

/** A setting that has no value yet is anything. */
function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** What it answers; undefined when it fails, which says nothing about the service. */
async function attempt<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
