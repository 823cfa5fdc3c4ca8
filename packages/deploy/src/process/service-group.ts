/** All instances of one service on this machine: as many slots as are wanted. Changes run one after the other, so a
 * scaling waits for a rolling replacement to end; a replacement goes slot by slot and stops at the first failure,
 * which leaves what had been running. */
import type { Clock, EdgeSpec } from '@goblin/core';
import { type CallWindow, callWindow, trafficOf } from './call-window.ts';
import type { Instance, InstanceEnd } from './instance.ts';
import { type Slot, slot } from './slot.ts';
import type { InstanceStatus, ServiceState, ServiceStatus } from './status.ts';

/** What an instance that is replaced or scaled away may take to finish its calls. */
const DRAIN_TIMEOUT_MS = 10_000;

export interface ServiceGroupOptions {
  readonly name: string;
  readonly kind: ServiceStatus['kind'];
  readonly instances: number;
  readonly clock: Clock;
  start(onHeartbeat: (instance: Instance) => void): Instance;
  onFailure(instance: Instance, end: InstanceEnd, pauseMs: number): void;
  onChange(): void;
}

export interface ServiceGroup {
  readonly name: string;
  /** Resolves when each of the first instances is ready. @throws MODULE_FAILED when one could not start. */
  readonly firstReady: Promise<unknown>;
  status(): ServiceStatus;
  /** Resolves when as many are ready. @throws MODULE_FAILED when a new one could not start. */
  scale(instances: number): Promise<void>;
  /** Puts new instances in the place of all, or of the one that is named.
   * @throws MODULE_FAILED when a new one could not start; the old ones go on. */
  replace(instance?: string): Promise<void>;
  /** For the edge: other routes from now on. */
  route(spec: EdgeSpec): void;
  stop(timeoutMs: number): Promise<void>;
  kill(): void;
}

export function serviceGroup(options: ServiceGroupOptions): ServiceGroup {
  const { name, clock } = options;
  const slots: Slot[] = [];
  const windows = new WeakMap<Instance, CallWindow>();
  let changes: Promise<unknown> = Promise.resolve();
  let waitingReplacement: Promise<void> | undefined;
  let removedRestarts = 0;

  function onHeartbeat(instance: Instance): void {
    if (instance.heartbeat) windows.get(instance)?.add(instance.heartbeat.doors, clock.now());
  }

  function addSlot(): Slot {
    const added = slot({
      clock,
      exclusive: options.kind !== 'service',
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
      start() {
        const startMs = clock.now();
        const instance = options.start(onHeartbeat);
        windows.set(instance, callWindow(startMs));
        return instance;
      },
      onFailure: options.onFailure,
      onChange: options.onChange,
    });
    slots.push(added);
    return added;
  }

  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = changes.then(change);
    changes = turn.catch(() => {});
    return turn;
  }

  async function scale(wanted: number): Promise<void> {
    const leaving = slots.splice(wanted);
    for (const one of leaving) removedRestarts += one.restarts;
    const joining = Array.from({ length: Math.max(0, wanted - slots.length) }, addSlot);
    options.onChange();
    await Promise.all([
      ...joining.map((one) => one.firstReady),
      ...leaving.map((one) => one.stop(DRAIN_TIMEOUT_MS)),
    ]);
  }

  async function replaceOneByOne(): Promise<void> {
    waitingReplacement = undefined;
    const drained: Promise<unknown>[] = [];
    for (const one of [...slots]) drained.push((await one.replace()).drained);
    await Promise.all(drained);
  }

  async function replaceOne(instance: string): Promise<void> {
    const owner = slots.find((one) => one.instances.some(({ id }) => id === instance));
    await (await owner?.replace())?.drained;
  }

  for (let i = 0; i < options.instances; i++) addSlot();

  return {
    name,
    firstReady: Promise.all(slots.map((one) => one.firstReady)),
    status: () => statusOf(options, slots, windows, removedRestarts),
    scale: (instances) => inTurn(() => scale(instances)),
    replace(instance) {
      if (instance !== undefined) return inTurn(() => replaceOne(instance));
      // One that waits for its turn will start the newest code there is then: another would do the same again.
      waitingReplacement ??= inTurn(replaceOneByOne);
      return waitingReplacement;
    },
    route(spec) {
      for (const one of slots) for (const instance of one.instances) instance.route(spec);
    },
    async stop(timeoutMs) {
      await Promise.all(slots.map((one) => one.stop(timeoutMs)));
    },
    kill() {
      for (const one of slots) one.kill();
    },
  };
}

function statusOf(
  options: ServiceGroupOptions,
  slots: readonly Slot[],
  windows: WeakMap<Instance, CallWindow>,
  removedRestarts: number,
): ServiceStatus {
  const running = slots.flatMap((one) => one.instances);
  const ready = running.filter((instance) => instance.state === 'ready').length;
  const failed = slots.find((one) => one.failure !== undefined);
  const nowMs = options.clock.now();
  return {
    service: options.name,
    kind: options.kind,
    state: stateOf(slots, running),
    detail: failed?.failure ?? running.find((instance) => instance.problem !== undefined)?.problem,
    wanted: slots.length,
    ready,
    restarts: removedRestarts + slots.reduce((sum, one) => sum + one.restarts, 0),
    ...trafficOf(running.flatMap((instance) => windows.get(instance)?.read(nowMs) ?? [])),
    instances: slots.flatMap((one, i) => one.instances.map((instance) => instanceStatus(instance, i + 1))),
  };
}

function stateOf(slots: readonly Slot[], running: readonly Instance[]): ServiceState {
  if (slots.length === 0) return 'stopped';
  if (slots.some((one) => one.failing)) return 'failing';
  if (running.some(({ state, problem }) => state === 'hanging' || problem !== undefined)) return 'unhealthy';
  return running.filter(({ state }) => state === 'ready').length >= slots.length ? 'ready' : 'starting';
}

function instanceStatus(instance: Instance, place: number): InstanceStatus {
  return {
    instance: instance.id,
    slot: place,
    pid: instance.pid,
    version: instance.version,
    state: instance.state,
    url: instance.url,
    startedAt: instance.startedAt,
    residentBytes: instance.heartbeat?.residentBytes,
    problem: instance.problem,
  };
}
