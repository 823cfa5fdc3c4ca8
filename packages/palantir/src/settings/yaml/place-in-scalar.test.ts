import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReport } from '../problem.ts';
import type { MapNode, ScalarNode } from './node.ts';
import { offsetInFile } from './place-in-scalar.ts';
import { readYaml } from './read-yaml.ts';
import { createSource } from './source.ts';

/** All are the text of a YAML value, written in some way. ⟦X⟧ is looked for. */
const WAYS: Readonly<Record<string, string>> = {
  plain: 'a X b',
  'plain over lines': 'a\n  b\n\n  c X d',
  anchored: '&x a X',
  'double quotes': '"a X"',
  'double quotes with escapes': '"\\"\\t\\u0061\\x20\\U0001F600\\\\ \\n X"',
  'double quotes over lines': '"a \\\n   b\n\n  c X"',
  'single quotes': "'it''s ''X'''",
  literal: '|\n  a\n    b\n\n  X c\n',
  'literal with a header': '|2- # why\n   a\n  b X\n',
  folded: '>-\n  a\n  b\n\n    c\n  d X e\n',
  'beyond the basic plane': '"😀 é X"',
  'line ends of Windows': '|\r\n  a\r\n  b X\r\n',
};

for (const [way, text] of Object.entries(WAYS)) {
  test(`a character of a text is found in the file: ${way}`, () => {
    const source = createSource('a.yaml', `key: ${text}`);
    const node = readYaml(source, createReport());
    assert.equal(node?.kind, 'map');
    const scalar = (node as MapNode).entries.get('key')!.value as ScalarNode;
    const value = scalar.value as string;
    assert.ok(value.includes('X'));
    assert.equal(offsetInFile(scalar, value, value.indexOf('X')), source.text.indexOf('X'));
    const end = offsetInFile(scalar, value, value.length);
    assert.ok(end >= scalar.start && end <= source.text.length);
  });
}
