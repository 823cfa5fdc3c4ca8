import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add, money } from '../../money/money.ts';
import { forAll } from '../../money/random.fixture.ts';
import { rates } from './rates.ts';
import { share } from './share.ts';

test('the tax is the part of the gross amount that the rate says, rounded half away from zero', () => {
  assert.deepEqual(share(money('EUR', 1999), '20'), {
    rate: '20',
    tax: money('EUR', 333),
    net: money('EUR', 1666),
  });
  assert.deepEqual(share(money('EUR', 1255), '25.5').tax, money('EUR', 255));
  assert.deepEqual(share(money('JPY', 3), '20').tax, money('JPY', 1), '0.5 yen is rounded up');
  assert.deepEqual(share(money('KWD', 1081), '8.1').tax, money('KWD', 81));
  assert.deepEqual(share(money('EUR', 1290), '0').tax, money('EUR', 0));
});

test('net and tax add up to the gross amount, for each country, currency and amount', () => {
  const all = [...rates.values()].flatMap(({ general, books }) => [general, books]);
  forAll(2_000, (cases) => {
    const gross = money(
      cases.oneOf(['EUR', 'JPY', 'KWD', 'CLF']),
      cases.whole(1, cases.oneOf([10, 10_000, 2 ** 53 - 1])),
    );
    const { net, tax } = share(gross, cases.oneOf(all));
    assert.deepEqual(add(net, tax), gross);
    assert.ok(tax.minor >= 0 && net.minor >= 0);
  });
});
