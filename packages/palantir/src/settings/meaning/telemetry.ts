/** What is collected and exported by all files together. The form is checked already; what exporters mean is said by src/export, and told
 * here at the place it speaks of. */
import type { CollectSettings } from '../../collect/wanted.ts';
import { checkExportSettings, type ExportSettings } from '../../export/settings.ts';
import type { Report } from '../problem.ts';
import type { WrittenFile } from '../written/file.ts';
import { collectSettings } from '../written/telemetry.ts';
import { plainOf } from './plain.ts';

export function exportSettings(files: readonly WrittenFile[], report: Report): ExportSettings {
  const spots = files.flatMap(({ exporters }) => exporters?.spot.items() ?? []);
  // What is wrong in its form would be told again in other words.
  if (spots.length === 0 || report.concerns(['exporters'])) return {};
  const settings = { exporters: spots.map(({ node }) => plainOf(node)) };
  const wrong = checkExportSettings(settings);
  for (const { path, message } of wrong) {
    const [, which, ...way] = path;
    const spot = spots[which as number] ?? spots[0]!;
    (spot.deepest(way) ?? spot).wrong(message);
  }
  return wrong.length > 0 ? {} : (settings as ExportSettings);
}

export function wantedToCollect(files: readonly WrittenFile[]): CollectSettings {
  const [first, second] = files.flatMap(({ collect }) => collect ?? []);
  second?.spot.wrong(`collect is written already: ${first!.spot.line}`);
  if (!first) return {};
  const { docker } = first.value;
  if (docker !== undefined && !docker.startsWith('/'))
    first.spot.key('docker')?.wrong('write the path of a socket, such as /var/run/docker.sock');
  for (const [i, { version, bucket, organization, database }] of (first.value.influx ?? []).entries()) {
    const spot = first.spot.key('influx')?.items()[i];
    if (version === 2 && (bucket === undefined || organization === undefined))
      spot?.wrong('version 2 has an organization and a bucket: write both');
    if (version !== 2 && database === undefined)
      spot?.wrong(`version ${version} has a database: write its name`);
  }
  return collectSettings(plainOf(first.spot.node) as Parameters<typeof collectSettings>[0]);
}
