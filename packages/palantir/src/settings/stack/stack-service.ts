/** One service of a Compose file. */
import { closest } from '@goblin/core';
import type { Resources, ServiceResources } from '../../swarm/swarm-state.ts';
import { tellUnknown } from '../shape/collections.ts';
import type { Spot } from '../shape/spot.ts';
import { described } from '../yaml/node.ts';
import type { StackHealthCheck, StackMode, StackPort, StackService, StackUpdate } from './stack.ts';
import type { StackValues } from './stack-values.ts';

const MODES: readonly StackMode[] = ['replicated', 'global', 'replicated-job', 'global-job'];
const DEPLOY = [
  'mode',
  'endpoint_mode',
  'replicas',
  'labels',
  'update_config',
  'rollback_config',
  'resources',
  'restart_policy',
  'placement',
];
const LIMITS = ['cpus', 'memory', 'pids'];
const RESERVATIONS = ['cpus', 'memory', 'devices', 'generic_resources'];
const HEALTH_CHECK = ['test', 'interval', 'timeout', 'retries', 'start_period', 'start_interval', 'disable'];

/** @returns undefined where it is no service at all, which is told */
export function stackService(name: string, spot: Spot, values: StackValues): StackService | undefined {
  if (spot.node.kind !== 'map') return spot.wrong(`write image: … and so on, not ${described(spot.node)}`);
  if (spot.key('extends'))
    spot.wrongKey('extends', 'docker stack takes no extends: anchor what is common, and merge it by <<');
  const deploy = known(spot.key('deploy'), DEPLOY);
  const image = imageOf(spot, values);
  const healthcheck = healthCheck(known(spot.key('healthcheck'), HEALTH_CHECK), values);
  const update = updateOf(deploy?.key('update_config'), values);
  const resources = serviceResources(known(deploy?.key('resources'), ['limits', 'reservations']), values);
  return {
    name,
    ...(image !== undefined && { image }),
    mode: values.choice(deploy?.key('mode'), MODES) ?? 'replicated',
    replicas: values.integer(deploy?.key('replicas')) ?? 1,
    constraints: values.list(deploy?.key('placement')?.key('constraints')),
    ...(healthcheck && { healthcheck }),
    ports: (spot.key('ports')?.items() ?? []).flatMap((port) => portOf(port, values) ?? []),
    networks: values.names(spot.key('networks')),
    ...(update && { update }),
    ...(resources && { resources }),
    labels: Object.fromEntries([...values.pairs(spot.key('labels')), ...values.pairs(deploy?.key('labels'))]),
  };
}

/** Keys of one's own begin with x-. */
function known(spot: Spot | undefined, keys: readonly string[]): Spot | undefined {
  if (spot) tellUnknown(spot, [...keys, ...spot.keys().filter((key) => key.startsWith('x-'))], keys);
  return spot;
}

function imageOf(spot: Spot, values: StackValues): string | undefined {
  const image = spot.key('image');
  if (!image && !spot.key('build')) {
    const meant = closest('image', spot.keys());
    if (meant) spot.wrongKey(meant, `there is no key ${meant} here: did you mean image?`);
    else spot.wrong('image is missing');
  }
  const read = values.interpolated(image);
  return read && read.missing.length === 0 ? read.text : undefined;
}

function healthCheck(spot: Spot | undefined, values: StackValues): StackHealthCheck | undefined {
  if (!spot) return undefined;
  const test = spot.key('test');
  const words =
    test?.node.kind === 'list' ? values.list(test) : test ? ['CMD-SHELL', values.text(test) ?? ''] : [];
  if (test?.node.kind === 'list' && !['NONE', 'CMD', 'CMD-SHELL'].includes(words[0] ?? ''))
    test.wrong('the list begins with CMD, CMD-SHELL or NONE');
  const intervalMs = values.durationMs(spot.key('interval'));
  const timeoutMs = values.durationMs(spot.key('timeout'));
  const startPeriodMs = values.durationMs(spot.key('start_period'));
  const retries = values.integer(spot.key('retries'));
  return {
    isOn: values.isTrue(spot.key('disable')) !== true && words[0] !== 'NONE',
    test: words,
    ...(intervalMs !== undefined && { intervalMs }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(startPeriodMs !== undefined && { startPeriodMs }),
    ...(retries !== undefined && { retries }),
  };
}

/** `8080:80`, `127.0.0.1:8080:80/udp`, `80`, or with keys. */
function portOf(spot: Spot, values: StackValues): StackPort | undefined {
  if (spot.node.kind === 'map') {
    const target = values.integer(spot.key('target'));
    const published = values.integer(spot.key('published'));
    const protocol = values.text(spot.key('protocol')) ?? 'tcp';
    if (target === undefined) return spot.key('target') ? undefined : spot.wrong('target is missing');
    return { target, ...(published !== undefined && { published }), protocol };
  }
  const read = values.text(spot);
  if (read === undefined) return undefined;
  const found =
    /^(?:(?:\[[\da-f:.]+\]|\d+(?:\.\d+){3}):)?(?:(\d+)?(-\d+)?:)?(\d+)(-\d+)?(?:\/(tcp|udp|sctp))?$/i.exec(
      read,
    );
  if (!found) return spot.wrong(`write a port such as "8080:80" or "53:53/udp", not ${JSON.stringify(read)}`);
  const [, published, isRange, target, , protocol = 'tcp'] = found;
  const isPublished = published !== undefined && isRange === undefined;
  return { target: Number(target), ...(isPublished && { published: Number(published) }), protocol };
}

function updateOf(spot: Spot | undefined, values: StackValues): StackUpdate | undefined {
  if (!spot) return undefined;
  const parallelism = values.integer(spot.key('parallelism'));
  const delayMs = values.durationMs(spot.key('delay'));
  const order = values.choice(spot.key('order'), ['start-first', 'stop-first']);
  const failureAction = values.choice(spot.key('failure_action'), ['continue', 'pause', 'rollback']);
  return {
    ...(parallelism !== undefined && { parallelism }),
    ...(delayMs !== undefined && { delayMs }),
    ...(order !== undefined && { order }),
    ...(failureAction !== undefined && { failureAction }),
  };
}

function serviceResources(spot: Spot | undefined, values: StackValues): ServiceResources | undefined {
  return (
    spot && {
      limits: resourcesOf(known(spot.key('limits'), LIMITS), values),
      reservations: resourcesOf(known(spot.key('reservations'), RESERVATIONS), values),
    }
  );
}

/** 0 is none. */
function resourcesOf(spot: Spot | undefined, values: StackValues): Resources {
  const cpus = values.cpus(spot?.key('cpus'));
  const memoryBytes = values.bytes(spot?.key('memory'));
  return { ...(cpus && { cpus }), ...(memoryBytes && { memoryBytes }) };
}
