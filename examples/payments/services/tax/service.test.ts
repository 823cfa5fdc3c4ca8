import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, testPlatform } from 'goblin';
import { tax as contract } from './contract.ts';
import tax from './service.ts';

test('a quote says how much of the price is tax, of general goods unless told otherwise', async () => {
  await using platform = await testPlatform({ tax });
  const client = platform.client(contract);
  const amount = { currency: 'EUR', minor: 1999 };
  assert.deepEqual(await client.quote({ country: 'FR', amount }), {
    rate: '20',
    tax: { currency: 'EUR', minor: 333 },
    net: { currency: 'EUR', minor: 1666 },
  });
  assert.equal((await client.quote({ country: 'FR', amount, goods: 'books' })).rate, '5.5');
});

test('lines are taxed per kind of goods, each on its sum', async () => {
  await using platform = await testPlatform({ tax });
  const eur = (minor: number) => ({ currency: 'EUR', minor });
  const { taxes } = await platform.client(contract).assess({
    country: 'FR',
    lines: [
      { goods: 'general', amount: eur(1999) },
      { goods: 'books', amount: eur(2490) },
      { goods: 'general', amount: eur(1250) },
    ],
  });
  assert.deepEqual(taxes, [
    { goods: 'general', rate: '20', gross: eur(3249), net: eur(2707), tax: eur(542) },
    { goods: 'books', rate: '5.5', gross: eur(2490), net: eur(2360), tax: eur(130) },
  ]);
});

test('lines in two currencies are refused', async () => {
  await using platform = await testPlatform({ tax });
  const lines = ['EUR', 'USD'].map((currency) => ({
    goods: 'books' as const,
    amount: { currency, minor: 1 },
  }));
  await assert.rejects(platform.client(contract).assess({ country: 'FR', lines }), (error) =>
    isGoblinError(error, 'INVALID_INPUT'),
  );
});

test('a country whose tax is not known is refused by its own code', async () => {
  await using platform = await testPlatform({ tax });
  await assert.rejects(
    platform.client(contract).quote({ country: 'US', amount: { currency: 'USD', minor: 1 } }),
    (error) => isGoblinError(error, 'UNKNOWN_COUNTRY') && error.data?.country === 'US',
  );
});

test('an amount that is not money is refused before the service sees it', async () => {
  await using platform = await testPlatform({ tax });
  for (const amount of [
    { currency: 'EUR', minor: 0 },
    { currency: 'EUR', minor: 1.5 },
    { currency: 'BGN', minor: 1 },
  ]) {
    await assert.rejects(platform.client(contract).quote({ country: 'BG', amount }), (error) =>
      isGoblinError(error, 'INVALID_INPUT'),
    );
  }
});

test('the countries are listed with their rates', async () => {
  await using platform = await testPlatform({ tax });
  const { countries } = await platform.client(contract).countries({});
  assert.equal(countries.length, 29);
  assert.deepEqual(
    countries.find(({ country }) => country === 'FI'),
    { country: 'FI', rate: '25.5' },
  );
});
