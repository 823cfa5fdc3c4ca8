/** Nodes as plain values, for those who judge them. */
import { dirname, resolve } from 'node:path';
import type { YamlNode } from '../yaml/node.ts';

/** Keys that name files. Their paths are relative to the file of settings that they stand in. */
const PATHS: ReadonlySet<string> = new Set(['tokenFile', 'urlFile', 'secretFile', 'keyFile', 'passwordFile']);

export function plainOf(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map((item) => plainOf(item));
  return Object.fromEntries(
    [...node.entries].map(([key, { value }]) => {
      const plain = plainOf(value);
      const isPath = PATHS.has(key) && typeof plain === 'string';
      return [key, isPath ? resolve(dirname(value.source.file), plain) : plain];
    }),
  );
}
