import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cursor, cursorOf } from './promql-cursor.ts';

/** The cursor stands at the bar. */
function at(marked: string): Cursor | undefined {
  const caret = marked.indexOf('|');
  return cursorOf(marked.replace('|', ''), caret);
}

test('names, labels and values are told apart by what stands before the cursor', () => {
  assert.deepEqual(at('ra|'), { wanted: { kind: 'name' }, prefix: 'ra', from: 0, to: 2 });
  assert.deepEqual(at('sum(rate(http_|server_x[1m]))'), {
    wanted: { kind: 'name' },
    prefix: 'http_',
    from: 9,
    to: 22,
  });
  assert.deepEqual(at('up{jo|'), { wanted: { kind: 'label', metric: 'up' }, prefix: 'jo', from: 3, to: 5 });
  assert.deepEqual(at('up{job="a", |}'), {
    wanted: { kind: 'label', metric: 'up' },
    prefix: '',
    from: 12,
    to: 12,
  });
  assert.deepEqual(at('up{job=~"ta|x"}')?.wanted, { kind: 'value', metric: 'up', label: 'job' });
  assert.deepEqual(at('up{job=~"ta|x"}'), { ...at('up{job=~"ta|x"}')!, prefix: 'ta', from: 9, to: 12 });
  assert.deepEqual(at('{service="|')?.wanted, { kind: 'value', metric: '', label: 'service' });
  assert.deepEqual(at('sum by (se|) (rate(x_total{a="b"}[1m]))')?.wanted, {
    kind: 'label',
    metric: 'x_total',
  });
});

test('where nothing can be completed nothing is', () => {
  for (const marked of [
    '|',
    'up |',
    'rate(x[5|',
    'rate(x[5m|',
    'up{job="a"|',
    'up{job|="',
    'label_replace(up, "a|',
    '5|',
    '1e|',
    'up + |',
  ])
    if (marked !== 'up{job|="') assert.equal(at(marked), undefined, marked);
    else assert.equal(at(marked)?.prefix, 'job');
});

test('no query that is half written is refused', () => {
  for (const text of ['{', '{{', '}', '"', "'a", '`', 'up{a="\\', 'sum by (', '((((', 'up{"']) {
    for (let caret = 0; caret <= text.length; caret++) {
      const cursor = cursorOf(text, caret);
      if (cursor) assert.ok(cursor.from <= caret && caret <= cursor.to);
    }
  }
});
