import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, testPlatform } from 'goblin';
import { sum } from '../../money/money.ts';
import { forAll } from '../../money/random.fixture.ts';
import tax from '../tax/service.ts';
import { basketOf } from './basket.ts';
import { shop as contract } from './contract.ts';
import { products, SHIPPING } from './products.ts';
import shop from './service.ts';

test('every product has a price in every currency', () => {
  for (const { id, prices } of products) {
    assert.deepEqual(
      prices.map(({ currency }) => currency),
      [...SHIPPING.keys()],
      id,
    );
    for (const { minor } of prices) assert.ok(minor > 0, id);
  }
});

test('a basket costs the sum of its lines, of which shipping is taxed as the goods are', async () => {
  await using platform = await testPlatform({ shop, tax });
  const { lines, total, taxes } = await platform.client(contract).basket({
    country: 'FR',
    currency: 'EUR',
    items: [
      { product: 'shirt', quantity: 2 },
      { product: 'night-shift', quantity: 1 },
    ],
  });
  assert.deepEqual(
    lines.map(({ text, amount }) => [text, amount.minor]),
    [
      ['2 × Lantern T-shirt', 3998],
      ['Tales from the Night Shift', 1290],
      ['Shipping, share of goods', 370],
      ['Shipping, share of books', 120],
    ],
  );
  assert.equal(total.minor, 5778);
  assert.deepEqual(
    taxes.map(({ rate, gross }) => [rate, gross.minor]),
    [
      ['20', 4368],
      ['5.5', 1410],
    ],
  );
});

test('whatever is in a basket, its lines add up and shipping is in it exactly once', () => {
  forAll(500, (cases) => {
    const currency = cases.oneOf([...SHIPPING.keys()]);
    const items = Array.from({ length: cases.whole(1, 6) }, () => ({
      product: cases.oneOf(products).id,
      quantity: cases.whole(1, 99),
    }));
    const { lines, shipping, total } = basketOf(items, currency);
    const goods = lines.filter(({ text }) => !text.startsWith('Shipping')).map(({ amount }) => amount);
    assert.deepEqual(
      sum(
        currency,
        lines.map(({ amount }) => amount),
      ),
      total,
    );
    assert.equal(total.minor - sum(currency, goods).minor, shipping.minor);
  });
});

test('an unknown product, currency or country is refused by its own code', async () => {
  await using platform = await testPlatform({ shop, tax });
  const client = platform.client(contract);
  const items = [{ product: 'shirt', quantity: 1 }];
  const refusals = [
    [
      client.basket({ country: 'FR', currency: 'EUR', items: [{ product: 'sword', quantity: 1 }] }),
      'UNKNOWN_PRODUCT',
    ],
    [client.basket({ country: 'FR', currency: 'USD', items }), 'UNKNOWN_CURRENCY'],
    [client.basket({ country: 'US', currency: 'EUR', items }), 'UNKNOWN_COUNTRY'],
  ] as const;
  for (const [refused, code] of refusals)
    await assert.rejects(refused, (error) => isGoblinError(error, code));
});

test('the catalogue names what is sold, in which currencies and to which countries', async () => {
  await using platform = await testPlatform({ shop, tax });
  const catalogue = await platform.client(contract).catalogue({});
  assert.equal(catalogue.products.length, products.length);
  assert.deepEqual(
    catalogue.currencies.find(({ code }) => code === 'JPY'),
    { code: 'JPY', digits: 0 },
  );
  assert.equal(catalogue.countries.length, 29);
});
