/** Reads a Compose file as `docker stack deploy` does: anchors, merge keys, `x-` keys, variables. Keys of services that do not matter
 * here are left to Docker to judge. Bounded and never thrown, as settings are. */

import { createReport, type Problem, type Report } from '../problem.ts';
import { readTextFile } from '../read-text-file.ts';
import { tellUnknown } from '../shape/collections.ts';
import { Spot } from '../shape/spot.ts';
import { described } from '../yaml/node.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { createSource } from '../yaml/source.ts';
import type { Variables } from './interpolate.ts';
import type { Stack, StackService } from './stack.ts';
import { stackService } from './stack-service.ts';
import { StackValues } from './stack-values.ts';

const KEYS = ['version', 'name', 'services', 'networks', 'volumes', 'configs', 'secrets'];

/** @param variables for `${TAG}`. Default: the environment */
export async function readStack(
  path: string,
  variables: Variables = process.env,
): Promise<{
  readonly services: readonly StackService[];
  readonly name?: string;
  readonly problems: readonly Problem[];
}> {
  const report = createReport();
  const read = await readTextFile(path);
  if ('problem' in read) report.add({ file: path, line: 1, column: 1, path: '', message: read.problem });
  const stack = 'text' in read ? stackOf(path, read.text, variables, report) : undefined;
  const { services = [], name } = stack ?? {};
  return { services, ...(name !== undefined && { name }), problems: report.sorted() };
}

/** @returns undefined where there is nothing to go on with, which is told */
export function stackOf(file: string, text: string, variables: Variables, report: Report): Stack | undefined {
  const before = report.count;
  const node = readYaml(createSource(file, text), report);
  if (!node) {
    if (report.count === before)
      report.add({ file, line: 1, column: 1, path: '', message: 'it is empty: services are missing' });
    return undefined;
  }
  const spot = new Spot(node, '', report);
  if (node.kind !== 'map') return spot.wrong(`write services: … and so on, not ${described(node)}`);
  const values = new StackValues(variables);
  tellUnknown(spot, [...KEYS, ...spot.keys().filter((key) => key.startsWith('x-'))], KEYS);
  const services = spot.key('services');
  if (services?.node.kind !== 'map') {
    (services ?? spot).wrong(
      services ? `write the names of services, not ${described(services.node)}` : 'services are missing',
    );
    return undefined;
  }
  const name = values.text(spot.key('name'));
  return {
    file,
    ...(name !== undefined && { name }),
    services: services.keys().flatMap((key) => stackService(key, services.key(key)!, values) ?? []),
  };
}
