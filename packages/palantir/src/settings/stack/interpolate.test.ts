// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose files
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpolate } from './interpolate.ts';

const VARIABLES = { SET: 'yes', EMPTY: '', OTHER: 'no' };

/** From the examples of the Compose specification (12-interpolation.md). */
const CASES: readonly (readonly [text: string, filled: string, missing?: string[]])[] = [
  ['plain', 'plain'],
  ['$SET', 'yes'],
  ['${SET}', 'yes'],
  ['a${SET}b$OTHER.', 'ayesbno.'],
  ['$$SET $${SET}', '$SET ${SET}'],
  ['${NONE:-default}', 'default'],
  ['${EMPTY:-default}', 'default'],
  ['${EMPTY-default}', ''],
  ['${NONE-default}', 'default'],
  ['${SET:-default}', 'yes'],
  ['${SET:+other}', 'other'],
  ['${EMPTY:+other}', ''],
  ['${EMPTY+other}', 'other'],
  ['${NONE+other}', ''],
  ['${NONE:-}', ''],
  ['${NONE:-${SET}}', 'yes'],
  ['${NONE:-${NONE:-$OTHER}}', 'no'],
  ['${NONE-a:b/c}', 'a:b/c'],
  ['${SET:?message}', 'yes'],
  ['${EMPTY?message}', ''],
  ['x$NONE', 'x', ['NONE']],
  ['${SET:-$NONE}', 'yes'],
  ['${NONE:-$WITHOUT}', '', ['WITHOUT']],
  ['$constructor', '', ['constructor']],
];

for (const [text, filled, missing = []] of CASES) {
  test(`variables are put in as Compose does: ${text}`, () => {
    assert.deepEqual(interpolate(text, VARIABLES), { text: filled, missing });
  });
}

for (const [text, at, message] of [
  ['ab${SET', 2, /not closed/],
  ['a$', 1, /name of a variable/],
  ['$1', 0, /name of a variable/],
  ['${}', 0, /name of a variable/],
  ['${SET!x}', 0, /not closed/],
  ['${NONE:?give it}', 0, /NONE is not set: give it$/],
  ['${EMPTY:?}', 0, /EMPTY is not set$/],
  ['${A:-'.repeat(20), 50, /deeper than 10/],
] as const) {
  test(`told at its character: ${text.slice(0, 20)}`, () => {
    const { mistake } = interpolate(text, VARIABLES);
    assert.equal(mistake?.at, at);
    assert.match(mistake!.message, message);
  });
}
