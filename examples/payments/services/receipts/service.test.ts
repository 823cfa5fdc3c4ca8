import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, testPlatform } from 'goblin';
import { sharedDataFolder } from '../test-services.fixture.ts';
import { receipts as contract } from './contract.ts';
import { receiptPage } from './page.ts';
import { paymentFixture } from './payment.fixture.ts';
import receipts from './service.ts';

const dataFolder = await sharedDataFolder();

test('before a payment has settled its page says so and looks again', async () => {
  await using platform = await testPlatform({ receipts }, { dataFolder });
  const { id } = paymentFixture();
  const page = await platform.fetch('receipts', `/receipts/${id}`);
  assert.equal(page.status, 404);
  assert.match(await page.text(), /Not settled yet[\s\S]*looks again/);
  await assert.rejects(platform.client(contract).get({ paymentId: id }), (error) =>
    isGoblinError(error, 'NOT_FOUND'),
  );
});

test('what is no id of a payment is refused', async () => {
  await using platform = await testPlatform({ receipts }, { dataFolder });
  assert.equal((await platform.fetch('receipts', '/receipts/1')).status, 400);
});

test('the page shows each line, the tax of each rate and the sums', () => {
  const html = receiptPage({
    number: '2026-000042',
    issuedAt: '2026-11-20T12:00:02.000Z',
    payment: paymentFixture(),
  });
  for (const text of [
    '2026-000042',
    '20 November 2026',
    'France',
    '€44.89',
    '5.5 %',
    '€1.30',
    '€40.26',
    '4242',
  ]) {
    assert.ok(html.includes(text), text);
  }
});

test('what came from outside is shown as text and never as markup', () => {
  const html = receiptPage({
    number: '2026-000042',
    issuedAt: '2026-11-20T12:00:02.000Z',
    payment: paymentFixture(),
  });
  assert.ok(html.includes('Tales &lt;b&gt;from&lt;/b&gt; &quot;the&quot; Night &amp; Day'));
  assert.ok(!html.includes('<b>'));
});
