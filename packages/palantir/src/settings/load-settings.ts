/** Reads what a team has written: every YAML file of a folder, or one file. All mistakes are told at once, with their places, and never
 * thrown; where there is one, there are no settings, so that nothing half understood comes into use. Who has no earlier ones
 * (last-good.ts) takes what is sound: better that than that nobody is told. */
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

/** What was read, with its paths: enough to understand it again without the files. */
export interface SettingsTexts {
  readonly files: readonly SettingsText[];
  /** Compose files that the files name. */
  readonly stacks: readonly SettingsText[];
}

export type SettingsText = readonly [path: string, text: string];

export interface LoadedSettings {
  /** Undefined where there are problems. */
  readonly settings?: Settings;
  /** What is left without all that is wrong. */
  readonly sound: Settings;
  readonly problems: readonly Problem[];
  /** Compose files that the settings name: what changes in these changes the settings. */
  readonly stackFiles: readonly string[];
  readonly texts: SettingsTexts;
}

type Read = Awaited<ReturnType<typeof readTextFile>>;

/** @param place a folder or a file. One that does not exist has nothing to say. Never rejects. */
export async function loadSettings(place: string, options: SettingsOptions = {}): Promise<LoadedSettings> {
  const report = createReport();
  const { files, problem } = await settingsFiles(place);
  if (problem !== undefined) tell(report, place, problem);
  return understand(await readAll(files, report), readTextFile, options, report);
}

/** What was read before, by the rules of now. Never rejects. */
export async function settingsOfTexts(
  { files, stacks }: SettingsTexts,
  options: SettingsOptions = {},
): Promise<LoadedSettings> {
  const known = new Map(stacks);
  const read = async (path: string): Promise<Read> => {
    const text = known.get(path);
    return text === undefined ? { problem: 'it was not there' } : { text };
  };
  return understand(files, read, options, createReport());
}

async function understand(
  files: readonly SettingsText[],
  readStack: (path: string) => Promise<Read>,
  { defaults = DEFAULT_RULES, variables = process.env }: SettingsOptions,
  report: Report,
): Promise<LoadedSettings> {
  const written = files.flatMap(([file, text]) => readFileOf(file, text, report) ?? []);
  const joined = settingsOf(written, defaults, report);
  const named = written.flatMap(({ stacks = [] }) => stacks);
  const { stacks, texts } = await readStacks(named, readStack, variables, report);
  const known = {
    sound: { ...joined, stacks },
    stackFiles: named.map(pathOf),
    texts: { files, stacks: texts },
  };
  if (report.count > 0) return { ...known, problems: report.sorted() };
  return { ...known, settings: known.sound, problems: [] };
}

async function readAll(files: readonly string[], report: Report): Promise<readonly SettingsText[]> {
  const texts: SettingsText[] = [];
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
  read: (path: string) => Promise<Read>,
  variables: Variables,
  report: Report,
): Promise<{ stacks: readonly Stack[]; texts: readonly SettingsText[] }> {
  const stacks: Stack[] = [];
  const texts: SettingsText[] = [];
  for (const written of named) {
    const file = pathOf(written);
    const found = await read(file);
    if ('problem' in found) {
      written.file.spot.wrong(`${file}: ${found.problem}`);
      continue;
    }
    texts.push([file, found.text]);
    const stack = stackOf(file, found.text, variables, report);
    if (stack) stacks.push({ ...stack, ...(written.name !== undefined && { name: written.name }) });
  }
  return { stacks, texts };
}

function pathOf({ file: { value, spot } }: WrittenStack): string {
  return isAbsolute(value) ? value : join(dirname(spot.node.source.file), value);
}

function tell(report: Report, file: string, message: string): void {
  report.add({ file, line: 1, column: 1, path: '', message });
}
