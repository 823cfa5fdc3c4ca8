/** From the value that `serve` made to something that answers: runs the implementation with an App, and puts
 * the server's filters around its procedures. A host does this in a process of its own, a test in process. */
import { type Background, type BackgroundLoop, createBackground } from './background.ts';
import { type CallService, clientOf } from './call.ts';
import type { Contract } from './contract.ts';
import type { Health } from './health.ts';
import type { ModuleContext } from './module.ts';
import { procedureService } from './procedures.ts';
import type { App, ServeOptions, ServiceDefinition } from './serve.ts';
import { compose } from './service.ts';

export interface BuiltService<C extends Contract = Contract> {
  readonly contract: C;
  /** Its procedures behind all server filters. */
  readonly procedures: CallService;
  readonly options: ServeOptions<C>;
  /** The checks that the service added by `app.health`. */
  readonly checks: ReadonlyMap<string, () => Promise<Health> | Health>;
  /** Starts the loops that the service named by `app.background`. */
  startBackground(): void;
  stopBackground(): Promise<void>;
}

/** @param calls carries the service's calls to other services.
 * @throws whatever the implementation's factory throws: CONFIG_INVALID, MODULE_FAILED … */
export async function buildService<C extends Contract>(
  definition: ServiceDefinition<C>,
  base: ModuleContext,
  calls: CallService,
): Promise<BuiltService<C>> {
  const checks = new Map<string, () => Promise<Health> | Health>();
  const loops = new Map<string, BackgroundLoop>();
  const background: Background = createBackground(base.telemetry);
  const app: App = {
    ...base,
    log: base.telemetry.log,
    client: (contract, { filters = [] } = {}) =>
      clientOf(contract, filters.length > 0 ? compose(filters, calls) : calls),
    health: (name, check) => void checks.set(name, check),
    background: (name, run) => void loops.set(name, run),
  };
  const { contract, implementation } = definition;
  const handlers = typeof implementation === 'function' ? await implementation(app) : implementation;
  const options =
    typeof definition.options === 'function' ? await definition.options(app) : definition.options;
  return {
    contract,
    procedures: procedureService(contract, handlers, base.telemetry, options.filters),
    options,
    checks,
    startBackground: () => {
      for (const [name, loop] of loops) background.run(name, loop);
    },
    stopBackground: () => background.stop(),
  };
}
