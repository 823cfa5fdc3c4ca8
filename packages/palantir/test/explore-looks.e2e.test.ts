/** Every page of Explore in a real browser: light and dark, on a desk and on a phone, judged by axe. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { buildPages, noBrowser } from './browser.fixture.ts';
import { OTHER_TRACE_ID, TRACE_ID } from './explore-answers.fixture.ts';
import { exploreSite } from './explore-site.fixture.ts';

/** For all pages one after the other: axe goes through each of them three times. */
const LOOKS_TIMEOUT_MS = 600_000;
/** Of all scripts of all pages together, as they are sent. */
const MAX_SCRIPT_BYTES = 120_000;
const query = encodeURIComponent;

/** What each page shows when all of it is there. */
const PAGES: readonly (readonly [path: string, shows: string])[] = [
  ['/explore/services', 'Knows what tax is due'],
  ['/explore/services/tax', 'RateTableError'],
  ['/explore/logs', 'payment authorised'],
  ['/explore/logs?tail=1', '● live'],
  [`/explore/logs?query=${query('{service="tax"} oops')}`, 'is not expected here'],
  ['/explore/traces', 'payments.settle'],
  [`/explore/traces/${TRACE_ID}?span=0000000000000006`, 'the table of rates is read anew'],
  [`/explore/traces/${TRACE_ID}?view=flame`, 'Slowest by themselves'],
  [`/explore/traces/${TRACE_ID}?with=${OTHER_TRACE_ID}`, 'gone'],
  ['/explore/traces/00000000000000000000000000000000', 'This trace is not here'],
  [
    `/explore/metrics?q=${query('sum by (service) (rate(rpc_server_call_duration_seconds_count[1m]))')}`,
    'exemplars',
  ],
  ['/explore/metrics', 'metrics are known'],
  ['/explore/errors', 'no rates for BE'],
  [`/explore/errors/${query('v1:91b2c04d11e8aa70')}`, 'Why these are one'],
  [`/explore/alerts?silence=${query('rule="slow"')}`, 'the provider moves tonight'],
  ['/explore/incidents', '#12 tax is slow'],
  ['/explore/incidents/12', 'Rolling back.'],
  ['/explore/changes', 'express checkout'],
  ['/explore/work', 'payments.settle'],
  ['/explore/dashboards', 'What customers feel'],
  ['/explore/dashboards/shop', 'Requests, by service'],
  ['/explore/dashboards/nothing', 'No dashboard is called nothing'],
  ['/explore/slos', 'overspent by'],
  ['/explore/stacks', 'search should run'],
  ['/explore/settings', 'The settings are sound'],
];

test('all scripts of all pages are less than 120 KB as they are sent', async () => {
  await using pages = await buildPages();
  const assets = join(pages.folder, 'assets');
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name))).length, 0);
  assert.ok(bytes < MAX_SCRIPT_BYTES, `${scripts.length} scripts have ${bytes} bytes`);
});

test('every page is whole in light and dark, on a desk and on a phone', {
  skip: noBrowser,
  timeout: LOOKS_TIMEOUT_MS,
}, async (t) => {
  await using site = await exploreSite();
  for (const [path, shows] of PAGES)
    await t.test(path, async () => {
      const page = await site.open(path);
      await page.getByText(shows).first().waitFor();
      await judge(page, 'light, 1440 px');
      await page.emulateMedia({ colorScheme: 'dark' });
      await judge(page, 'dark, 1440 px');
      await page.setViewportSize({ width: 390, height: 844 });
      await judge(page, 'dark, 390 px');
      await page.emulateMedia({ colorScheme: 'light' });
      await page.getByText(shows).first().waitFor({ state: 'attached' });
      await fits(page, 'light, 390 px');
      await page.context().close();
      assert.deepEqual(site.complaints.splice(0), []);
    });
});

async function judge(page: Page, look: string): Promise<void> {
  await fits(page, look);
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe: judge } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations: found } = await judge.run(document, { resultTypes: ['violations'] });
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
      );
  });
  assert.deepEqual(violations, [], look);
}

/** What is drawn follows the width of the page within a frame or two. */
async function fits(page: Page, look: string): Promise<void> {
  const { scrollWidth, clientWidth } = await page.evaluate(async () => {
    const { documentElement: root } = document;
    for (let frame = 0; frame < 60 && root.scrollWidth > root.clientWidth; frame++)
      await new Promise((resolve) => requestAnimationFrame(resolve));
    return { scrollWidth: root.scrollWidth, clientWidth: root.clientWidth };
  });
  assert.ok(scrollWidth <= clientWidth, `${look}: the page is ${scrollWidth} px wide and scrolls sideways`);
}
