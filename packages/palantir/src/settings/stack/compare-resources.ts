/** What a service may use and what is reserved for it, beside what it has been given. */
import type { ServiceResources, SwarmService } from '../../swarm/swarm-state.ts';
import type { StackDifference } from './compare-stack.ts';
import type { StackService } from './stack.ts';

const SIZE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const NONE: ServiceResources = { limits: {}, reservations: {} };

/** One difference for all of them. None where it is not known what the service has been given. */
export function compareResources(
  name: string,
  { resources = NONE }: StackService,
  known: SwarmService | undefined,
): StackDifference[] {
  if (!known?.resources) return [];
  const should = wordsOf(resources);
  const does = wordsOf(known.resources);
  const others = [...should.keys()].filter((what) => should.get(what) !== does.get(what));
  if (others.length === 0) return [];
  const said = (words: ReadonlyMap<string, string>): string =>
    others.map((what) => `${what} ${words.get(what)}`).join(', ');
  const [wanted, found] = [said(should), said(does)];
  const message = `${name} should run with ${wanted}, and runs with ${found}`;
  return [{ service: name, kind: 'resources', wanted, found, message }];
}

function wordsOf({ limits, reservations }: ServiceResources): ReadonlyMap<string, string> {
  return new Map([
    ['CPU limit', cpusInWords(limits.cpus)],
    ['memory limit', sizeInWords(limits.memoryBytes)],
    ['reserved CPU', cpusInWords(reservations.cpus)],
    ['reserved memory', sizeInWords(reservations.memoryBytes)],
  ]);
}

function cpusInWords(cpus: number | undefined): string {
  return cpus === undefined ? 'none' : String(cpus);
}

/** In the largest unit that it is whole numbers of, so that what differs is written differently. */
function sizeInWords(bytes: number | undefined): string {
  if (bytes === undefined) return 'none';
  let [size, unit] = [bytes, 0];
  while (size % 1_024 === 0 && unit < SIZE_UNITS.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${size} ${SIZE_UNITS[unit]}`;
}
