import assert from 'node:assert/strict';
import { test } from 'node:test';
import { legendOf } from './legend.ts';

const labels = { service: 'tax', code: '500' };

test('a legend takes the labels of its series', () => {
  assert.equal(legendOf('{{ service }}: {{code}}', labels, new Set()), 'tax: 500');
  assert.equal(legendOf('p95', labels, new Set()), 'p95');
});

test('where a legend says nothing the labels that tell series apart do', () => {
  assert.equal(legendOf(undefined, labels, new Set(['code'])), 'tax');
  assert.equal(legendOf('{{ nothing }}', labels, new Set(['code'])), 'tax');
});
