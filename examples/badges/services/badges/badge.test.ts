import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawBadge } from './badge.ts';
import { COLOURS, hexOf, isColour, textOn } from './colours.ts';
import { textWidth } from './text-width.ts';

test('a badge is as wide as its texts in Verdana 11 px and their padding', () => {
  assert.ok(Math.abs(textWidth('build') - 26.686) < 0.01);
  assert.ok(Math.abs(textWidth('passing') - 41.712) < 0.01);
  const svg = drawBadge({ label: 'build', value: 'passing', colour: 'green' });
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="93" height="20"/);
  assert.match(svg, /textLength="27">build<\/text>/);
});

test('a character whose width is not known takes room', () => {
  assert.equal(textWidth('漢'), 11);
  assert.equal(textWidth('🚀'), 11);
  assert.equal(textWidth(''), 0);
});

test('text from strangers is shown and never runs', () => {
  const nasty = `"><script>alert('1')</script>&<!--]]>`;
  const svg = drawBadge({ label: nasty, value: nasty, colour: 'red' });
  assert.ok(!svg.includes('<script'));
  assert.ok(!svg.includes('<!--'));
  const tags = [...svg.matchAll(/<\/?([a-zA-Z]+)/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(tags)].sort(), ['clipPath', 'g', 'rect', 'svg', 'text', 'title']);
  assert.equal((svg.match(/"/g) ?? []).length % 2, 0);
});

test('colours are names or hex, and nothing else', () => {
  for (const colour of ['green', 'grey', '2f7d32', '#ABC', 'fff']) assert.ok(isColour(colour), colour);
  for (const colour of ['', 'url(#x)', 'red"', '12345', 'toString', '#1234567', 'ff'])
    assert.ok(!isColour(colour), colour);
  assert.equal(hexOf('#ABC'), '#aabbcc');
});

test('the value can be read on every colour', () => {
  assert.equal(textOn(hexOf('yellow')), '#000000');
  assert.equal(textOn('#ffffff'), '#000000');
  for (const name of Object.keys(COLOURS)) {
    if (name !== 'yellow') assert.equal(textOn(hexOf(name)), '#ffffff', name);
  }
});
