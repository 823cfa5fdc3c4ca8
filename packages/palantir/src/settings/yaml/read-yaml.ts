/** Reads the text of a YAML 1.2 file. Mistakes are told, never thrown; bounded in depth and in values, which aliases cannot multiply. */
import { parseDocument } from 'yaml';
import type { Report } from '../problem.ts';
import type { YamlNode } from './node.ts';
import { resolveNodes } from './resolve-nodes.ts';
import type { Source } from './source.ts';
import { yamlMistake } from './yaml-mistakes.ts';

/** @returns undefined for a file with nothing in it, and for one that is no YAML, which is told */
export function readYaml(source: Source, report: Report): YamlNode | undefined {
  const document = parseDocument(source.text, { version: '1.2', prettyErrors: false, uniqueKeys: false });
  // What comes after the first of a line mostly follows from it.
  const lines = new Set<number>();
  for (const mistake of [...document.errors, ...document.warnings]) {
    const place = source.placeAt(mistake.pos[0]);
    if (!lines.has(place.line)) report.add({ ...place, path: '', message: yamlMistake(mistake) });
    lines.add(place.line);
  }
  if (document.errors.length > 0 || document.contents === null) return undefined;
  return resolveNodes(document.contents, source, report);
}
