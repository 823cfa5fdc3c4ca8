/** Explore as people use it, in a real browser: by keyboard, by links that they send each other, and live. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { noBrowser, until, untilEqual } from './browser.fixture.ts';
import { BIG_TRACE_ID, TRACE_ID } from './explore-answers.fixture.ts';
import { type ExploreSite, exploreSite } from './explore-site.fixture.ts';

const skip = noBrowser;
const site: ExploreSite | undefined = noBrowser ? undefined : await exploreSite();
after(async () => site?.[Symbol.asyncDispose]());
const query = encodeURIComponent;

function open(path: string): Promise<Page> {
  return site!.open(path);
}

function addressOf(page: Page): string {
  const { pathname, search } = new URL(page.url());
  return decodeURIComponent((pathname + search).replaceAll('+', ' '));
}

/** Without ages, which grow. */
async function textOf(page: Page): Promise<string> {
  return (await page.locator('main').innerText()).replaceAll(/(\d+ (s|min|h|d) )+ago/g, '… ago');
}

/** What it shows when all answers are there. */
async function settledText(page: Page): Promise<string> {
  assert.ok(await page.evaluate(settled), `${page.url()} does not come to rest`);
  return textOf(page);
}

/** In the page: it waits for no answer, and some frames have brought nothing else to read. */
async function settled(): Promise<boolean> {
  let [quiet, before] = [0, ''];
  for (let frame = 0; frame < 1_000 && quiet < 10; frame++) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = document.querySelector('main')?.innerText ?? '';
    quiet = Reflect.get(globalThis, 'asking') === 0 && now === before ? quiet + 1 : 0;
    before = now;
  }
  return quiet === 10;
}

test('keys go everywhere: to the query, through lists, to other pages and back out', { skip }, async () => {
  const page = await open('/explore/services');
  await page.getByText('Knows what tax is due').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('tax');
  await until(async () => (await page.locator('tbody tr').count()) === 1, 'the list is not narrowed');
  await untilEqual(() => addressOf(page), '/explore/services?find=tax');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.locator('dialog[open]').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  await page.goto(`${site!.server.origin}/explore/services`);
  const second = await page.locator('[data-item]').nth(1).getAttribute('href');
  await page.locator('[data-item]').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await until(() => addressOf(page) === second, 'Enter does not open the service');
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.locator('.log-line').first().waitFor();
  await page.locator('.log-line').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('li.is-open .attributes').waitFor();
  await page.context().close();
});

test('a click on a value narrows the search, and back widens it again', { skip }, async () => {
  const page = await open('/explore/logs');
  await page.locator('.facets').getByRole('button', { name: 'tax' }).click();
  await until(() => addressOf(page).endsWith('?query={service="tax"}'), 'the query is not narrowed');
  await until(
    async () => [...new Set(await page.locator('.log-service').allTextContents())].join() === 'tax',
    'lines of other services are shown',
  );
  await page.locator('.log-line').first().click();
  await page.locator('.log-detail').getByRole('button', { name: 'not' }).last().click();
  await until(() => addressOf(page).includes(' | '), 'the attribute is not left out');
  await page.goBack();
  await page.goBack();
  await until(() => addressOf(page) === '/explore/logs', 'back does not lead back');
  await until(
    async () => new Set(await page.locator('.log-service').allTextContents()).size > 1,
    'the lines of all services are not back',
  );
  await page.getByRole('button', { name: 'Load older lines' }).click();
  await until(async () => (await page.locator('.log-line').count()) === 599, 'older lines do not come');
  await page.context().close();
});

test('dragging over the histogram picks the range, in the address', { skip }, async () => {
  const page = await open('/explore/logs');
  await page.getByRole('img', { name: /^Lines over time: [1-9]/ }).waitFor();
  const plot = page.locator('.histogram-plot');
  await until(
    () => plot.evaluate((one) => one.clientWidth === one.querySelector('canvas')!.clientWidth),
    'the bars do not fill their place',
  );
  const box = (await plot.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await until(() => addressOf(page).includes('from='), 'the range is not picked');
  const { searchParams } = new URL(page.url());
  const span = Number(searchParams.get('to')) - Number(searchParams.get('from'));
  assert.ok(Math.abs(span - 15 * 60_000) < 60_000, `${span} ms are picked`);
  await page.context().close();
});

test('an error of a query is shown under its place', { skip }, async () => {
  const page = await open(`/explore/logs?query=${query('{service="tax"} oops')}`);
  const [line = '', pointer = ''] = (await page.locator('.query-error').innerText()).split('\n');
  assert.equal(pointer.indexOf('^'), line.indexOf('oops'));
  await page.context().close();
});

test('a link holds the whole state: who loads it anew sees the same', { skip }, async () => {
  for (const [path, shows] of [
    [
      `/explore/traces/${TRACE_ID}?span=0000000000000006&fold=0000000000000003`,
      'the table of rates is read anew',
    ],
    [`/explore/traces/${TRACE_ID}?view=flame`, 'Slowest by themselves'],
    [
      `/explore/metrics?q=${query('sum by (service) (up)')}&q=task_ready&from=1700000000000&to=1700003600000&sort=-most`,
      'notifications',
    ],
    [`/explore/errors?state=open&find=deadline`, 'tax did not answer'],
    ['/explore/services?find=money&sort=-p95', 'payments'],
    ['/explore/dashboards/shop?from=1700000000000&to=1700003600000&sort2.2=-most', 'due'],
    ['/explore/slos?last=30d&sort=Attained', 'payments are answered'],
    ['/explore/stacks?sort-shop=-Service', 'search should run'],
  ] as const) {
    const page = await open(path);
    await page.getByText(shows).first().waitFor();
    const before = await settledText(page);
    await page.reload();
    await page.getByText(shows).first().waitFor();
    assert.equal(await settledText(page), before, path);
    await page.context().close();
  }
});

test('a panel leads to its queries over the same time, and one that fails harms no other', {
  skip,
}, async () => {
  const page = await open('/explore/dashboards/shop?from=1700000000000&to=1700003600000');
  await page.getByText('"oops" is not expected here').waitFor();
  await until(
    async () => (await page.getByRole('img', { name: /4 changes|now:/ }).count()) >= 3,
    'the other panels are not drawn',
  );
  assert.equal(await page.getByRole('alert').count(), 1);
  await page.getByRole('link', { name: 'Durations' }).click();
  await until(
    () => addressOf(page).startsWith('/explore/metrics?q=histogram_quantile(0.5'),
    'it leads elsewhere',
  );
  const { searchParams } = new URL(page.url());
  assert.equal(searchParams.getAll('q').length, 3);
  assert.equal(searchParams.get('from'), '1700000000000');
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await until(() => addressOf(page) === '/explore/dashboards', 'keys do not lead to the dashboards');
  await page.context().close();
});

test('changes stand on each chart, whatever page it is on', { skip }, async () => {
  for (const [path, shows] of [
    ['/explore/services/tax', /Duration, now: .*; \d changes?/],
    ['/explore/incidents/12', /Duration, now: .*; \d changes?/],
    ['/explore/dashboards/shop', /Durations, now: .*; 4 changes/],
    ['/explore/slos', /taxes are known: budget left, now: .*; 4 changes/],
    ['/explore/work', /; 4 changes/],
    ['/explore/metrics?q=up', /; 4 changes/],
  ] as const) {
    const page = await open(path);
    await page.getByRole('img', { name: shows }).first().waitFor();
    await page.context().close();
  }
  for (const path of ['/explore/logs', '/explore/traces']) {
    const page = await open(path);
    await page.getByRole('list', { name: 'Changes' }).getByText('deploy: tax: a41f09c → b772e10').waitFor();
    await page.context().close();
  }
});

test('while the settings have mistakes each page says so in one line, which leads to all of them', {
  skip,
}, async () => {
  const { answers } = site!;
  const { settings } = answers;
  answers.settings = {
    ...settings,
    problems: [
      '/srv/shop/palantir/rules.yaml:12:10 rules[2].for: write a duration such as 5m',
      '/srv/shop/palantir/rules.yaml:31:5 slos[0]: errorShare is missing',
    ],
  };
  const page = await open('/explore/services');
  await page.getByRole('link', { name: 'rules.yaml:12:10 rules[2].for: write a duration' }).click();
  await page.getByRole('cell', { name: 'slos[0]: errorShare is missing' }).waitFor();
  await untilEqual(() => addressOf(page), '/explore/settings');
  answers.settings = { ...settings, dashboards: [] };
  await page.goto(`${site!.server.origin}/explore/dashboards`);
  await page.getByText('- title: Requests per second').waitFor();
  assert.equal(await page.locator('.settings-notice').count(), 0);
  answers.settings = settings;
  await page.context().close();
});

test('a tail shows lines as they come, stops for who reads, and never holds more than so many', {
  skip,
}, async () => {
  const { server, answers } = site!;
  const page = await open('/explore/logs?tail=1');
  await until(() => server.tails === 1, 'nobody listens');
  const line = { ...answers.lines[0]!, body: 'first of all' };
  server.tell([line]);
  await page.getByText('first of all').waitFor();
  await page.keyboard.press('p');
  server.tell([{ ...line, body: 'while it is paused' }]);
  await page.getByText('Go on (1 new)').waitFor();
  assert.equal(await page.getByText('while it is paused').count(), 0);
  await page.keyboard.press('p');
  await page.getByText('while it is paused').waitFor();
  for (let round = 0; round < 10; round++)
    server.tell(
      Array.from({ length: 500 }, (_, index) => ({ ...line, body: `flood ${round * 500 + index}` })),
    );
  await page.getByText('flood 4999').waitFor();
  assert.equal(await page.locator('.log-line').count(), 1_000);
  await page.getByRole('button', { name: 'Stop' }).click();
  await until(() => server.tails === 0, 'the stream is not closed');
  await page.context().close();
});

test('10,000 spans are gone through by keys, and only those that are seen are there', { skip }, async () => {
  const page = await open(`/explore/traces/${BIG_TRACE_ID}`);
  await page.getByRole('tree').focus();
  await page.keyboard.press('End');
  await page.getByRole('complementary').waitFor();
  await until(
    async () => (await page.locator('.span-row.is-chosen').count()) === 1,
    'the last span is not seen',
  );
  assert.ok((await page.getByRole('treeitem').count()) < 80, 'spans that nobody sees are there');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowLeft');
  await until(async () => (await page.getByRole('treeitem').count()) === 1, 'the root does not fold');
  await page.keyboard.press('Escape');
  await page.getByRole('complementary').waitFor({ state: 'detached' });
  await page.context().close();
});

test('two traces are picked from the list and compared', { skip }, async () => {
  const page = await open('/explore/traces');
  await page.getByRole('checkbox').nth(0).check();
  await page.getByRole('checkbox').nth(1).check();
  await page.getByRole('link', { name: 'Compare the two' }).click();
  await page.getByText('in all').waitFor();
  await until(
    async () => /tax read rates\s*gone/.test(await textOf(page)),
    'the span that is gone is not shown',
  );
  await page.context().close();
});

test('names complete while a query is written, and exemplars lead to their traces', { skip }, async () => {
  const page = await open('/explore/metrics');
  await page.getByLabel('Query A').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('sum by (ser');
  await page.getByRole('option', { name: 'service label' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type(') (rpc_server_call_duration_seconds_c');
  await page.getByRole('option', { name: /_count metric/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.keyboard.type('{service="no');
  await page.getByRole('option', { name: 'notifications value' }).click();
  await page.keyboard.type('"})');
  await page.keyboard.press('Enter');
  const wanted = 'sum by (service) (rpc_server_call_duration_seconds_count{service="notifications"})';
  await until(() => addressOf(page) === `/explore/metrics?q=${wanted}`, 'the query is not asked');
  await page.getByText('3 exemplars').click();
  await page.locator('details[open] a').first().click();
  await until(() => addressOf(page) === `/explore/traces/${TRACE_ID}`, 'the exemplar leads nowhere');
  await page.context().close();
});

test('errors are resolved, alerts silenced, incidents taken and changes noted', { skip }, async () => {
  const { server } = site!;
  const sentBy = (request: string) => server.sent.findLast((one) => one.request === request)?.body;
  const page = await open(`/explore/errors/${query('v1:7a1f33c0d2b94e15')}`);
  assert.equal(await page.getByRole('button', { name: 'Resolve' }).isDisabled(), true);
  await page.getByLabel('You are').fill('mira');
  await page.getByLabel('Fixed in').fill('c0ffee1');
  await page.getByRole('button', { name: 'Resolve' }).click();
  await page.getByRole('button', { name: 'Reopen' }).waitFor();
  const group = `POST /palantir/errors/${query('v1:7a1f33c0d2b94e15')}/resolve`;
  assert.deepEqual(sentBy(group), { by: 'mira', version: 'c0ffee1' });

  await page.goto(`${server.origin}/explore/alerts`);
  await page.locator('.alert').getByRole('button', { name: 'Silence …' }).first().click();
  await page.getByLabel('Because').fill('we know');
  await page.getByRole('button', { name: 'Silence', exact: true }).click();
  await page.getByText('we know').waitFor();
  assert.deepEqual(sentBy('POST /palantir/silences')?.matchers, [
    { label: 'rule', op: '=', value: 'slow' },
    { label: 'service', op: '=', value: 'tax' },
  ]);
  await page.getByRole('button', { name: 'Expire' }).last().click();
  await page.getByText('we know').waitFor({ state: 'detached' });

  await page.goto(`${server.origin}/explore/incidents/12`);
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.locator('.timeline').getByText('taken').waitFor();
  assert.deepEqual(sentBy('POST /palantir/incidents/12/acknowledge'), { by: 'mira' });
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download the report' }).click();
  assert.equal((await downloading).suggestedFilename(), 'incident-12.md');

  await page.goto(`${server.origin}/explore/changes`);
  await page.getByText('Note a change').click();
  await page.getByLabel('What was changed').fill('rates loaded by hand');
  await page.getByRole('button', { name: 'Note', exact: true }).click();
  await page.getByText('rates loaded by hand').waitFor();
  await page.context().close();
});

test('nothing went wrong in the browser, and nothing left it for elsewhere', { skip }, () => {
  assert.deepEqual(site!.complaints, []);
});
