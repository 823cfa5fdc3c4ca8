import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rates } from './rates.ts';

const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ');

test('all 27 countries of the European Union, the United Kingdom and Switzerland are there, and no other', () => {
  assert.deepEqual([...rates.keys()].sort(), [...EU, 'GB', 'CH'].sort());
});

test('the rates that changed last are the new ones', () => {
  const general = (country: string): string | undefined => rates.get(country)?.general;
  assert.deepEqual(['EE', 'FI', 'RO', 'SK', 'CH'].map(general), ['24', '25.5', '21', '23', '8.1']);
  assert.deepEqual(rates.get('FI')?.reduced, ['10', '13.5']);
});

test('reduced rates are below the standard rate, and books are taxed at one of these rates or at none', () => {
  for (const [country, { general, reduced, books }] of rates) {
    assert.ok(Number(general) >= (country === 'CH' ? 8.1 : 15), country);
    for (const rate of reduced) assert.ok(Number(rate) > 0 && Number(rate) < Number(general), country);
    assert.ok(['0', general, ...reduced].includes(books), country);
  }
});
