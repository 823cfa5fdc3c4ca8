/** Reads what a team has written: every YAML file of a folder, or one file. All mistakes are told at once, with their places, and never
 * thrown; where there is one, there are no settings, so that nothing half understood comes into use. Who has no others takes what is
 * sound: better that than that nobody is told. */
import { dirname, isAbsolute, join } from 'node:path';
import type { Rule } from '../alerts/alert.ts';
import { DEFAULT_RULES } from '../alerts/default-rules.ts';
import { MAX_TOTAL_BYTES } from './limits.ts';
import { createReport, type Problem, type Report } from './problem.ts';
import { readTextFile } from './read-text-file.ts';
import type { Settings } from './settings.ts';
import { settingsFiles } from './settings-files.ts';
import { settingsOf } from './settings-of.ts';
import { Spot } from './shape/spot.ts';
import type { Variables } from './stack/interpolate.ts';
import { stackOf } from './stack/read-stack.ts';
import type { Stack } from './stack/stack.ts';
import type { WrittenStack } from './written/dashboard.ts';
import { settingsFile, type WrittenFile } from './written/file.ts';
import { readYaml } from './yaml/read-yaml.ts';
import { createSource } from './yaml/source.ts';

export interface SettingsOptions {
  /** The rules that are there without any file. Default: those of Palantir. */
  readonly defaults?: readonly Rule[];
  /** For `${TAG}` in stacks. Default: the environment. */
  readonly variables?: Variables;
}

export interface LoadedSettings {
  /** Undefined where there are problems. */
  readonly settings?: Settings;
  /** What is left without all that is wrong. */
  readonly sound: Settings;
  readonly problems: readonly Problem[];
  /** Compose files that the settings name: what changes in these changes the settings. */
  readonly stackFiles: readonly string[];
}

/** @param place a folder or a file. One that does not exist has nothing to say. Never rejects. */
export async function loadSettings(place: string, options: SettingsOptions = {}): Promise<LoadedSettings> {
  const { defaults = DEFAULT_RULES, variables = process.env } = options;
  const report = createReport();
  const { files, problem } = await settingsFiles(place);
  if (problem !== undefined) tell(report, place, problem);
  const texts = await readAll(files, report);
  const written = texts.flatMap(([file, text]) => readFileOf(file, text, report) ?? []);
  const joined = settingsOf(written, defaults, report);
  const named = written.flatMap(({ stacks = [] }) => stacks);
  const sound = { ...joined, stacks: await readStacks(named, variables, report) };
  const stackFiles = named.map(pathOf);
  if (report.count > 0) return { sound, problems: report.sorted(), stackFiles };
  return { settings: sound, sound, problems: [], stackFiles };
}

async function readAll(
  files: readonly string[],
  report: Report,
): Promise<readonly (readonly [file: string, text: string])[]> {
  const texts: (readonly [string, string])[] = [];
  let total = 0;
  for (const file of files) {
    const read = await readTextFile(file);
    if ('problem' in read) {
      tell(report, file, read.problem);
      continue;
    }
    total += read.text.length;
    if (total > MAX_TOTAL_BYTES) {
      tell(report, file, `with this one all files together have more than ${MAX_TOTAL_BYTES} bytes`);
      break;
    }
    texts.push([file, read.text]);
  }
  return texts;
}

/** One file, as far as it can be judged alone. @returns undefined for an empty one, and for what is no YAML, which is told */
export function readFileOf(file: string, text: string, report: Report): WrittenFile | undefined {
  const node = readYaml(createSource(file, text), report);
  return node && settingsFile.read(new Spot(node, '', report));
}

async function readStacks(
  named: readonly WrittenStack[],
  variables: Variables,
  report: Report,
): Promise<readonly Stack[]> {
  const stacks: Stack[] = [];
  for (const written of named) {
    const file = pathOf(written);
    const read = await readTextFile(file);
    if ('problem' in read) {
      written.file.spot.wrong(`${file}: ${read.problem}`);
      continue;
    }
    const stack = stackOf(file, read.text, variables, report);
    if (stack) stacks.push({ ...stack, ...(written.name !== undefined && { name: written.name }) });
  }
  return stacks;
}

function pathOf({ file: { value, spot } }: WrittenStack): string {
  return isAbsolute(value) ? value : join(dirname(spot.node.source.file), value);
}

function tell(report: Report, file: string, message: string): void {
  report.add({ file, line: 1, column: 1, path: '', message });
}
