/** Puts the files of one folder together and judges what no file can say of itself: whether names are unique, and exist. What comes out
 * can be used even where something was told: what is wrong is not in it. */
import type { Rule } from '../alerts/alert.ts';
import { MAX_RULES } from '../alerts/rule-check.ts';
import type { Catalogue } from './catalogue.ts';
import { dashboardOf } from './meaning/dashboards.ts';
import { adapted } from './meaning/default-rules.ts';
import type { Templates } from './meaning/expressions.ts';
import { notifySettings } from './meaning/notify.ts';
import { rulesOf, sloRulesOf } from './meaning/rules.ts';
import { exportSettings, wantedToCollect } from './meaning/telemetry.ts';
import type { Report } from './problem.ts';
import type { Settings } from './settings.ts';
import type { Placed, Spot } from './shape/spot.ts';
import type { WrittenFile } from './written/file.ts';
import type { WrittenMetric } from './written/rule.ts';

export function settingsOf(
  files: readonly WrittenFile[],
  defaults: readonly Rule[],
  report: Report,
): Omit<Settings, 'stacks'> {
  const templates = metricTemplates(files);
  const kept = adapted(
    defaults,
    files.flatMap(({ disable }) => disable ?? []),
    joined(
      files.map(({ override }) => override ?? {}),
      'the change of the default rule',
    ),
  );
  const written = [
    ...files
      .flatMap(({ rules = [] }) => rules)
      .map((one) => [one.value.name.spot, rulesOf(one, templates)] as const),
    ...files
      .flatMap(({ slos = [] }) => slos)
      .map((one) => [one.value.name.spot, sloRulesOf(one, templates)] as const),
  ];
  const dashboards = files.flatMap((file) => file.dashboards ?? []);
  tellTwice([
    ...defaults.map(({ name }) => [name, undefined] as const),
    ...written.flatMap(([spot, rules]) => rules.map(({ name }) => [name, spot] as const)),
  ]);
  tellTwice(dashboards.map(({ name }) => [name.value, name.spot] as const));
  return {
    rules: firstOfEach([...kept, ...atMost(written, MAX_RULES - kept.length)]),
    notify: notifySettings(files, report),
    dashboards: firstOfEach(dashboards.map((dashboard) => dashboardOf(dashboard, templates))),
    catalogue: catalogueOf(files),
    collect: wantedToCollect(files),
    exports: exportSettings(files, report),
  };
}

function metricTemplates(files: readonly WrittenFile[]): Templates {
  const metrics: Readonly<Record<string, Placed<WrittenMetric>>> = joined(
    files.map((file) => file.metrics?.value ?? {}),
    'the metric template',
  );
  return { metrics, names: new Set(files.flatMap((file) => file.metrics?.spot.keys() ?? [])) };
}

function catalogueOf(files: readonly WrittenFile[]): Catalogue {
  const services = joined(
    files.map((file) => file.services ?? {}),
    'the service',
  );
  return Object.fromEntries(Object.entries(services).map(([name, { value }]) => [name, value]));
}

/** One of all; a name that comes twice is told. */
function joined<T>(
  parts: readonly Readonly<Record<string, Placed<T>>>[],
  what: string,
): Readonly<Record<string, Placed<T>>> {
  const all = new Map<string, Placed<T>>();
  for (const [name, placed] of parts.flatMap((part) => Object.entries(part))) {
    const first = all.get(name);
    if (first) placed.spot.wrong(`${what} ${name} is written already: ${first.spot.line}`);
    else all.set(name, placed);
  }
  return Object.fromEntries(all);
}

function tellTwice(named: readonly (readonly [name: string, spot: Spot | undefined])[]): void {
  const seen = new Map<string, Spot | undefined>();
  for (const [name, spot] of named) {
    if (!seen.has(name)) seen.set(name, spot);
    else {
      const first = seen.get(name);
      const there = first
        ? `${first.line}: give each a name of its own`
        : 'a default rule: change that one by override, or give this one another name';
      spot?.wrong(`the name ${JSON.stringify(name)} is taken by ${there}`);
    }
  }
}

function atMost(written: readonly (readonly [Spot, readonly Rule[]])[], limit: number): readonly Rule[] {
  let count = 0;
  for (const [spot, rules] of written) {
    if (count <= limit && count + rules.length > limit)
      spot.wrong(`with the default ones there are more than ${MAX_RULES} rules from here on`);
    count += rules.length;
  }
  return written.flatMap(([, rules]) => rules).slice(0, Math.max(0, limit));
}

function firstOfEach<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return all.filter(({ name }) => !seen.has(name) && seen.add(name));
}
