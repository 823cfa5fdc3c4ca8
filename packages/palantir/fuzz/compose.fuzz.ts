// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose files
/** Any text as a Compose file: read within its bounds, or told, each mistake with a place that is there. */
import { createReport, type Problem } from '../src/settings/problem.ts';
import { stackOf } from '../src/settings/stack/read-stack.ts';
import type { Stack } from '../src/settings/stack/stack.ts';
import { guideFile } from '../src/settings/testing/guide.ts';
import { readTwice, tellsPlaces } from './yaml-target.ts';

export const name = 'compose';

export function seeds(): Uint8Array[] {
  return [
    guideFile('deploy/stack.yaml'),
    'services: { a: { image: "a:${TAG:?is needed}", ports: [80, "1:2/udp"] } }',
  ].map((text) => Buffer.from(text));
}

export function run(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  const { stack, problems } = readTwice(text, read);
  for (const { replicas, ports, resources } of stack?.services ?? []) {
    const { limits = {}, reservations = {} } = resources ?? {};
    const sizes = [limits, reservations].flatMap(({ cpus = 1, memoryBytes = 1 }) => [
      Math.ceil(cpus),
      memoryBytes,
    ]);
    const whole = [replicas, ...ports.map(({ target }) => target), ...sizes];
    if (!whole.every(Number.isSafeInteger)) throw new Error('a number is none');
  }
  return `${tellsPlaces(text, problems)} ${Math.min(stack?.services.length ?? -1, 3)}`;
}

function read(text: string): { stack: Stack | undefined; problems: readonly Problem[] } {
  const report = createReport();
  return { stack: stackOf('stack.yaml', text, { SET: 'yes' }, report), problems: report.sorted() };
}
