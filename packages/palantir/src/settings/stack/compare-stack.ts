/** What should run beside what does. */
import type { SwarmInstance, SwarmService, SwarmState } from '../../swarm/swarm-state.ts';
import { compareResources } from './compare-resources.ts';
import type { Stack, StackService } from './stack.ts';

export interface StackDifference {
  readonly service: string;
  /** It should run and does not at all; it runs and should not; too few or too many of it run; something else of it runs; it has other
   * limits or reservations. */
  readonly kind: 'missing' | 'unexpected' | 'count' | 'image' | 'resources';
  /** As the stack says, and as it is: numbers of instances, images, or what may be used. */
  readonly wanted: string;
  readonly found: string;
  /** One line for people. */
  readonly message: string;
}

/** By service. A stack that has a name owns what is named `<name>_…`: what of that is not in the file is unexpected. */
export function compareStack(stack: Stack, swarm: SwarmState): readonly StackDifference[] {
  const running = runningOf(swarm);
  const named = new Map(stack.services.map((service) => [nameOf(stack, swarm, service), service]));
  const differences = [...named].flatMap(([name, service]) => {
    const known = swarm.services.find((one) => one.name === name);
    return compareService(name, service, known, running.get(name) ?? [], swarm.nodes.length);
  });
  return [...differences, ...unexpected(stack, named, swarm, running)].sort((one, other) =>
    one.service < other.service ? -1 : one.service > other.service ? 1 : 0,
  );
}

/** Swarm prefixes the names of services, a machine without Swarm does not. */
function nameOf({ name }: Stack, swarm: SwarmState, service: StackService): string {
  const full = `${name}_${service.name}`;
  const isKnown = (one: string): boolean => swarm.services.some((known) => known.name === one);
  return name !== undefined && (isKnown(full) || !isKnown(service.name)) ? full : service.name;
}

function runningOf({ nodes }: SwarmState): ReadonlyMap<string, readonly SwarmInstance[]> {
  const instances = nodes.flatMap((node) => node.instances).filter(({ health }) => health !== 'stopped');
  return Map.groupBy(instances, ({ service }) => service);
}

function compareService(
  name: string,
  service: StackService,
  known: SwarmService | undefined,
  instances: readonly SwarmInstance[],
  nodes: number,
): StackDifference[] {
  const wanted = wantedOf(service, known, nodes);
  // Jobs end when they are done.
  if (wanted === undefined) return [];
  const found = instances.length;
  const numbers = { service: name, wanted: String(wanted), found: String(found) };
  if (found === 0 && wanted > 0)
    return [{ ...numbers, kind: 'missing', message: `${name} should run (${times(wanted)}), and does not` }];
  const count: StackDifference[] =
    found === wanted
      ? []
      : [
          {
            ...numbers,
            kind: 'count',
            message: `${name} should run ${times(wanted)}, and runs ${times(found)}`,
          },
        ];
  if (found === 0) return count;
  return [...count, ...compareImage(name, service, instances), ...compareResources(name, service, known)];
}

/** Undefined where it cannot be said. */
function wantedOf(
  { mode, replicas, constraints }: StackService,
  known: SwarmService | undefined,
  nodes: number,
): number | undefined {
  if (mode === 'replicated') return replicas;
  if (mode !== 'global') return undefined;
  // Which nodes a constraint lets through is known to the engine.
  return constraints.length === 0 ? nodes : known?.wanted;
}

function compareImage(
  name: string,
  { image }: StackService,
  instances: readonly SwarmInstance[],
): StackDifference[] {
  if (image === undefined) return [];
  const others = [...new Set(instances.map(({ version }) => version))].filter(
    (version) => version !== '' && !isVersionOf(image, version),
  );
  if (others.length === 0) return [];
  const found = others.join(', ');
  return [
    {
      service: name,
      kind: 'image',
      wanted: image,
      found,
      message: `${name} should run ${image}, and ${found} runs`,
    },
  ];
}

/** Whether a version may be that of an image. Engines tell the tag, or where that says nothing a label of the image or the beginning of
 * its digest: so of `tax:latest` only another digest is known to be something else. */
export function isVersionOf(image: string, version: string): boolean {
  const [name = '', digest] = image.split('@');
  const tag = /:([\w.-]+)$/.exec(name)?.[1] ?? 'latest';
  if (tag !== 'latest') return version === tag;
  const isDigest = /^[\da-f]{12,64}$/.test(version);
  return digest === undefined || !isDigest || digest.replace('sha256:', '').startsWith(version);
}

function unexpected(
  { name }: Stack,
  named: ReadonlyMap<string, StackService>,
  swarm: SwarmState,
  running: ReadonlyMap<string, readonly SwarmInstance[]>,
): StackDifference[] {
  if (name === undefined) return [];
  return swarm.services
    .filter((service) => service.name.startsWith(`${name}_`) && !named.has(service.name))
    .map((service) => {
      const found = running.get(service.name)?.length ?? 0;
      const message = `${service.name} runs ${times(found)}, and is not in the stack`;
      return { service: service.name, kind: 'unexpected', wanted: '0', found: String(found), message };
    });
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
