/** Any text as a file of settings: read within its bounds, or told, each mistake with a place that is there; the same text comes to the
 * same; and what is left is taken by the engine. */
import { DEFAULT_RULES } from '../src/alerts/default-rules.ts';
import { checkRule } from '../src/alerts/rule-check.ts';
import { MAX_PROBLEMS } from '../src/settings/limits.ts';
import { readFileOf } from '../src/settings/load-settings.ts';
import { createReport, type Problem } from '../src/settings/problem.ts';
import type { Settings } from '../src/settings/settings.ts';
import { settingsOf } from '../src/settings/settings-of.ts';
import { guideFiles } from '../src/settings/testing/guide.ts';
import { readTwice, tellsPlaces } from './yaml-target.ts';

export const name = 'palantir-settings';

export function seeds(): Uint8Array[] {
  return Object.entries(guideFiles())
    .filter(([path]) => path.startsWith('palantir/'))
    .map(([, text]) => Buffer.from(text));
}

export function run(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  const { settings, problems } = readTwice(text, read);
  if (problems.length > MAX_PROBLEMS + 1) throw new Error(`${problems.length} problems`);
  if (new Set(settings.rules.map((rule) => rule.name)).size < settings.rules.length)
    throw new Error('a rule comes twice');
  for (const rule of settings.rules) checkRule(rule);
  return tellsPlaces(text, problems);
}

function read(text: string): { settings: Omit<Settings, 'stacks'>; problems: readonly Problem[] } {
  const report = createReport();
  const file = readFileOf('a.yaml', text, report);
  const settings = settingsOf(file ? [file] : [], DEFAULT_RULES, report);
  return { settings, problems: report.sorted() };
}
