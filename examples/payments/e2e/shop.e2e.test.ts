/** A customer pays in a real browser, over the whole platform. Screenshots go to the folder that SCREENSHOTS names. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { noBrowser, startBrowser } from './browser.fixture.ts';
import { type Platform, startPlatform } from './platform.fixture.ts';

const skip = noBrowser;
if (skip) console.error(skip);

let platform: Platform;
let browser: Browser;

before(async () => {
  if (skip) return;
  [platform, browser] = await Promise.all([startPlatform(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await platform?.[Symbol.asyncDispose]();
});

/** A page with nothing of an earlier visit, on which any script error or refused load fails the test. */
async function visit(options: BrowserContextOptions = {}): Promise<{ page: Page; problems: string[] }> {
  const page = await (await browser.newContext({ locale: 'en-GB', ...options })).newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') problems.push(`${request.url()} failed`);
  });
  await page.goto(platform.url);
  await page.locator('#total').filter({ hasText: /\d/ }).waitFor();
  return { page, problems };
}

async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

async function payWith(page: Page, card: string): Promise<void> {
  await page.getByRole('button', { name: card, exact: true }).click();
  await page.getByRole('button', { name: /^Pay .*\d/ }).click();
}

test('a customer fills a basket, pays, sees the payment settle and opens the receipt', { skip }, async () => {
  const { page, problems } = await visit({ viewport: { width: 1280, height: 1000 } });
  await page.getByRole('button', { name: 'One A Field Guide to Small Services more' }).click();
  await page.getByLabel('Ship to').selectOption('FR');
  await page.getByText('5.5 % on books').waitFor();
  await page.getByLabel('E-mail for the receipt').fill('ada@example.com');
  await screenshot(page, 'shop');
  await payWith(page, 'Works');
  await page.getByText('Paid. Thank you! The receipt is on its way to ada@example.com.').waitFor();
  await page.locator('#recent').getByText('settled').waitFor();
  await screenshot(page, 'settled');

  await page.getByRole('link', { name: 'Open the receipt' }).click();
  await page.getByRole('heading', { name: /^Receipt \d{4}-\d{6}/ }).waitFor({ timeout: 60_000 });
  assert.match((await page.locator('main').textContent()) ?? '', /Total\s*€49\.79/);
  await screenshot(page, 'receipt');
  assert.deepEqual(
    problems.filter((problem) => !problem.includes('404')),
    [],
  );
});

test('a declined card says why, and another card can be tried at once', { skip }, async () => {
  const { page } = await visit();
  await payWith(page, 'No funds');
  await page.getByText('There is not enough money on this card.').waitFor();
  await payWith(page, 'Mastercard');
  await page.getByText('Paid. Thank you!').waitFor();
});

test('a wrong card number is noticed before anything is sent', { skip }, async () => {
  const { page } = await visit();
  await page.getByLabel('Card number').fill('4242424242424241');
  await page.getByRole('button', { name: /^Pay .*\d/ }).click();
  await page.getByText('a digit is wrong').waitFor();
  assert.equal(await page.locator('#progress').isVisible(), false);
});

test('a wrong e-mail address is noticed before anything is sent; none is fine', { skip }, async () => {
  const { page } = await visit({ colorScheme: 'dark', viewport: { width: 1280, height: 1000 } });
  const field = page.getByLabel('E-mail for the receipt');
  for (const wrong of ['ada', 'ada@', 'ada@example', 'a b@example.com']) {
    await field.fill(wrong);
    await payWith(page, 'Works');
    await page.getByText('This is no e-mail address').waitFor();
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.equal(await field.evaluate((element) => element === document.activeElement), true);
    assert.equal(await page.locator('#progress').isVisible(), false);
  }
  await screenshot(page, 'wrong-address');
  await field.fill('');
  assert.equal(await field.getAttribute('aria-invalid'), 'false');
  await payWith(page, 'Works');
  await page.getByText('Paid. Thank you!', { exact: true }).waitFor();
});

test('it can be used by keyboard alone', { skip }, async () => {
  const { page } = await visit();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'card');
  await page.keyboard.type('4242424242424242');
  await page.keyboard.press('Enter');
  await page.getByText('Paid. Thank you!').waitFor();
});

test('on a phone, in the dark, nothing is cut off', { skip }, async () => {
  const { page } = await visit({
    viewport: { width: 360, height: 780 },
    deviceScaleFactor: 2,
    colorScheme: 'dark',
  });
  await page.getByLabel('Pay in').selectOption('KWD');
  await page.getByText('KWD 8.400').first().waitFor();
  await payWith(page, 'Declined');
  await page.getByText('The bank declined this card.').waitFor();
  await screenshot(page, 'phone');
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.equal(content, window);
});
