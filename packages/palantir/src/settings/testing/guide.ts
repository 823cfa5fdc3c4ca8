/** The files of the guide, so that what it shows is what is tested. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const GUIDE = resolve(import.meta.dirname, '../../../../../docs/guide/alerts.md');

/** By their paths: `palantir/rules.yaml`. */
export function guideFiles(): Readonly<Record<string, string>> {
  const page = readFileSync(GUIDE, 'utf8');
  return Object.fromEntries(
    [...page.matchAll(/```yaml file=(\S+)\n([\s\S]*?)```/g)].map(([, path, text]) => [path!, text!]),
  );
}

export function guideFile(name: string): string {
  return guideFiles()[join(name)]!;
}
