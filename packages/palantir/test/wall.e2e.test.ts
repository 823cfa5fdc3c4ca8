/** The wall in a real browser, with nothing but its server to be reached, at 1080p and as a television shows it for months. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, CDPSession, Page } from 'playwright-core';
import type { WallState } from '../src/live/wall-state.ts';
import {
  assertAccessible,
  type BuiltPages,
  buildPages,
  openPage,
  noBrowser as skip,
  startBrowser,
  untilEqual,
} from './browser.fixture.ts';
import { type LiveServer, liveServer } from './live-server.fixture.ts';
import { burning, calm, large, restless } from './wall-states.fixture.ts';

/** At 1080p, as seen from 4 m on 55 inches. */
const SMALLEST_TEXT = 42;
const SMALLEST_HEADLINE = 84;
const TURN_MS = 20_000;
const NEWS_IN_A_TURN = 4;
/** For what comes by the network while the page's clock is turned. */
const PATIENCE_MS = 30_000;
const SOAK_STATES = 6_000;

let pages: BuiltPages;
let server: LiveServer;
let browser: Browser;

before(async () => {
  if (skip) return;
  pages = await buildPages();
  server = await liveServer(pages.folder);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  await pages?.[Symbol.asyncDispose]();
});

test('what pages fills the wall: what, since when, what changed, who has it, what is affected', {
  skip,
}, async () => {
  await using opened = await wall(burning(Date.now()));
  const { page } = opened;
  await page.getByRole('heading', { name: 'payments: 42 % of requests fail' }).waitFor();
  const words = await page.locator('main').innerText();
  for (const wanted of [
    '4 min',
    'Nobody yet',
    'tax: a41f09c → b772e01',
    '3 min before, anna',
    'payments',
    'shop',
  ])
    assert.ok(words.includes(wanted), `${wanted} in ${words}`);
  server.show(burning(Date.now(), { owner: 'Anna Berg' }));
  await page.getByText('Anna Berg').waitFor();
  assert.deepEqual(opened.faults, []);
});

test('everything is large enough to be read at 4 m, and inside the screen', { skip }, async () => {
  const long = 'tax: the release b772e01 answers no health check, payments fail with it and receipts wait';
  for (const [state, path] of [
    [calm(Date.now()), '/tv'],
    [large(Date.now()), '/tv'],
    [calm(Date.now()), '/tv?screen=swarm'],
    [calm(Date.now()), '/tv?screen=changes'],
    [restless(Date.now()), '/tv?screen=alerts'],
    [restless(Date.now()), '/tv?screen=overview'],
    [restless(Date.now()), '/tv?screen=slos'],
    [burning(Date.now()), '/tv'],
    [burning(Date.now(), { title: long, owner: 'Anna Berg' }), '/tv'],
    [withReasons(long), '/tv?screen=overview'],
  ] as const) {
    await using opened = await wall(state, path);
    const { texts, headline, beyond, cut } = await opened.page.evaluate(measure);
    assert.ok(texts.length > 5);
    assert.deepEqual(cut, [], `headlines are whole on ${path}`);
    for (const { text, size } of texts) assert.ok(size >= SMALLEST_TEXT, `${text} of ${size}px on ${path}`);
    assert.deepEqual(beyond, [], path);
    if (state.incidents.length > 0) assert.ok(headline >= SMALLEST_HEADLINE, `headline of ${headline}px`);
  }
});

test('what is not well is told with its reason beside the services, and what is broken leads to its incident', {
  skip,
}, async () => {
  await using opened = await wall(withReasons('calls of shop have waited for it for 3 s'), '/tv');
  const { page } = opened;
  await page.getByText(': calls of shop have waited for it for 3 s').first().waitFor();
  server.show(burning(Date.now()));
  await page.getByRole('link', { name: 'payments: 42 % of requests fail' }).click();
  await page.waitForURL('**/explore/incidents/17');
});

/** Three services that are not well, and why. */
function withReasons(detail: string): WallState {
  const state = calm(Date.now());
  const services = state.services.map((service, index) =>
    index < 3 ? ({ ...service, state: 'degraded', detail } as const) : service,
  );
  return { ...state, services };
}

test('objectives take their turn: attained, promised, what is left of the budget, the worst first', {
  skip,
}, async () => {
  await using opened = await wall(restless(Date.now()), '/tv?screen=slos');
  const rows = await opened.page.locator('tbody tr').allInnerTexts();
  assert.deepEqual(
    rows.map((row) => row.replaceAll(/\s+/g, ' ').trim()),
    [
      'receipts receipts are sent within a minute 98.61 % 99 % −39 %',
      'payments payments are answered 99.931 % 99.9 % 31 %',
      'shop pages are fast 99.26 % 95 % 85 %',
      'tax taxes are known 100 % 99.5 % 100 %',
      'orders orders are taken – 99.9 % not known',
    ],
  );
  assert.equal(await opened.page.getByRole('img', { name: 'exhausted' }).count(), 1);
});

test('mistakes in the settings are told in one line, with their place, until there are none', {
  skip,
}, async () => {
  await using opened = await wall(restless(Date.now()), '/tv?screen=overview');
  const { page } = opened;
  const line = page.locator('.wall-settings');
  assert.match(await line.innerText(), /^rules\.yaml:12:10 rules\[2\]\.for: write a duration .*and 2 more$/s);
  assert.equal(await line.getAttribute('href'), '/explore/settings');
  server.show(calm(Date.now()));
  await line.waitFor({ state: 'detached' });
});

test('it is as legible on smaller and larger televisions: sizes follow the screen', { skip }, async () => {
  for (const [width, height] of [
    [1_280, 720],
    [3_840, 2_160],
  ] as const) {
    await using opened = await wall(burning(Date.now()), '/tv', { viewport: { width, height } });
    const { texts, headline, beyond } = await opened.page.evaluate(measure);
    const scale = height / 1_080;
    for (const { text, size } of texts) assert.ok(size >= SMALLEST_TEXT * scale, `${text} of ${size}px`);
    assert.ok(headline >= SMALLEST_HEADLINE * scale);
    assert.deepEqual(beyond, []);
  }
});

test('while all is well screens take turns of 20 s, with a clock and the age of the data', {
  skip,
}, async () => {
  await using opened = await wall(calm(Date.now()), '/tv', {}, true);
  const { page } = opened;
  for (const name of ['Services', 'Swarm', 'SLOs', 'Changes', 'Alerts', 'Services']) {
    await page.waitForFunction(
      (wanted) => document.querySelector('nav [aria-current]')?.textContent === wanted,
      name,
    );
    await passTurn(page);
  }
  assert.match(await page.locator('.wall-clock').innerText(), /^\d\d:\d\d:\d\d$/);
  assert.match(await page.locator('.wall-age').innerText(), /^data \d+ s old$/);
  await page.getByRole('link', { name: 'Swarm' }).press('Enter');
  await untilEqual(() => new URL(page.url()).search, '?screen=swarm');
  await passTurn(page);
  assert.equal(await page.locator('nav [aria-current]').innerText(), 'Swarm');
});

test('without news a banner covers the screen, and goes away when there is news', { skip }, async () => {
  await using opened = await wall(calm(Date.now()), '/tv', {}, true);
  const { page } = opened;
  await page.clock.fastForward(16_000);
  await page.getByRole('alert').getByText('No news from Palantir').waitFor();
  assert.equal(await page.locator('table').count(), 0, 'what may be untrue is not shown');
  server.show(calm(Date.now()));
  await page.getByText('All is well').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});

test('a lost connection is told, and found again without anybody', { skip }, async () => {
  await using opened = await wall(calm(Date.now()), '/tv', {}, true);
  const { page } = opened;
  server.refuse(true);
  await page.waitForFunction(() => document.querySelector('table') !== null);
  await until(page, 2_000, () => page.getByText('Palantir is not reached').isVisible());
  await assertAccessible(page);
  server.refuse(false);
  await until(page, 4_000, () => page.getByText('All is well').isVisible());
});

test('a new build of the server reloads the page', { skip }, async () => {
  await using opened = await wall(calm(Date.now(), 'build-1'));
  const { page } = opened;
  await page.evaluate(() => Object.assign(globalThis, { isOld: true }));
  server.show(calm(Date.now(), 'build-1'));
  await isCurrent(page);
  assert.equal(await page.evaluate(() => 'isOld' in globalThis), true);
  server.show(calm(Date.now(), 'build-2'));
  await page.waitForFunction(() => !('isOld' in globalThis));
  await page.getByText('All is well').waitFor();
});

test('it is accessible in light and dark, moves nothing that flashes, and asks for nothing elsewhere', {
  skip,
}, async () => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [state, path] of [
      [calm(Date.now()), '/tv'],
      [restless(Date.now()), '/tv?screen=alerts'],
      [restless(Date.now()), '/tv?screen=slos'],
      [calm(Date.now()), '/tv?screen=changes'],
      [burning(Date.now()), '/tv'],
      [burning(Date.now(), { owner: 'Anna Berg' }), '/tv'],
    ] as const) {
      await using opened = await wall(state, path, { colorScheme });
      await assertAccessible(opened.page);
      assert.equal(await opened.page.evaluate(() => document.getAnimations().length), 0);
      assert.deepEqual(opened.faults, []);
    }
  assert.deepEqual(server.missing, []);
});

test('a television that has no setting for colours gets them by its address, pictures too', {
  skip,
}, async () => {
  await using opened = await wall(calm(Date.now()), '/tv?theme=dark', { colorScheme: 'light' });
  await opened.page.waitForFunction(() => document.querySelector('canvas')?.matches('[style*=height]'));
  const [ground, node] = await opened.page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('canvas')!;
    const [red] = canvas.getContext('2d')!.getImageData(canvas.width / 2, 12, 1, 1).data;
    return [getComputedStyle(document.querySelector('main')!).backgroundColor, red!] as const;
  });
  assert.equal(ground, 'rgb(14, 17, 22)');
  assert.ok(node < 60, `a node is dark: ${node}`);
});

test('it hangs for months: after thousands of changes, turns, lost states and restarts neither heap nor document has grown', {
  skip,
}, async (t) => {
  await using opened = await wall(calm(Date.now()), '/tv', {}, true);
  const { page } = opened;
  const session = await page.context().newCDPSession(page);
  const tenths: { heap: number; nodes: number; listeners: number }[] = [];
  const opening = server.opened;
  for (let sent = 1; sent <= SOAK_STATES; sent++) {
    if (sent % 90 === 33) server.lose();
    server.show(varied(sent));
    if (sent % 90 === 66) server.restart();
    if (sent % 300 === 0) await refuseOnce(page);
    if (sent % 10 === 0) {
      await isCurrent(page);
      await page.clock.fastForward(TURN_MS / 2);
    }
    if (sent % (SOAK_STATES / 10) === 0) tenths.push(await sizes(page, session));
  }
  t.diagnostic(`${server.opened - opening} streams: ${JSON.stringify(tenths)}`);
  assert.ok(server.opened - opening > SOAK_STATES / 60, 'streams broke, and were opened anew');
  const [first, last] = [tenths[0]!, tenths.at(-1)!];
  assert.ok(last.heap < first.heap * 1.1 + 500_000, `heap of ${first.heap} became ${last.heap}`);
  assert.ok(last.nodes < first.nodes * 1.1 + 100, `${first.nodes} nodes became ${last.nodes}`);
  assert.ok(last.listeners <= first.listeners + 5, `${first.listeners} listeners became ${last.listeners}`);
  assert.equal(server.watchers, 1);
  const isRefusal = (fault: string): boolean => fault.includes(' 503 ');
  assert.deepEqual(
    opened.faults.filter((fault) => !isRefusal(fault)),
    [],
  );
});

/** The page holds the newest state. */
async function isCurrent(page: Page): Promise<void> {
  await page.waitForFunction((number) => Reflect.get(globalThis, 'held') === number, server.number);
}

/** The server is away, and comes back. */
async function refuseOnce(page: Page): Promise<void> {
  server.refuse(true);
  await until(page, 2_000, () => page.getByText('Palantir is not reached').isVisible());
  server.refuse(false);
  await until(
    page,
    4_000,
    async () =>
      (await page.evaluate(() => Reflect.get(globalThis, 'held'))) === server.number && server.watchers === 1,
  );
}

async function wall(
  state: WallState,
  path = '/tv',
  options: Parameters<typeof openPage>[2] = {},
  isClockOurs = false,
): ReturnType<typeof openPage> {
  server.show(state);
  const opened = await openPage(browser, server.origin, options);
  if (isClockOurs) await opened.page.clock.install();
  await opened.page.addInitScript(countStates);
  await opened.page.goto(server.origin + path);
  await opened.page.locator('.wall-clock').waitFor();
  return opened;
}

/** In the page: how many states came, and the number of the newest. */
function countStates(): void {
  const Original = globalThis.EventSource;
  Reflect.set(globalThis, 'heard', -1);
  const Counting = class extends Original {
    constructor(url: string) {
      super(url);
      for (const event of ['wall', 'change'])
        this.addEventListener(event, ({ lastEventId }) => {
          Reflect.set(globalThis, 'heard', Reflect.get(globalThis, 'heard') + 1);
          Reflect.set(globalThis, 'held', Number(lastEventId));
        });
    }
  };
  Reflect.set(globalThis, 'EventSource', Counting);
}

/** In the page: the size of each text, and what sticks out of the screen. */
function measure(): {
  texts: { text: string; size: number }[];
  headline: number;
  beyond: string[];
  cut: string[];
} {
  const texts: { text: string; size: number }[] = [];
  const beyond: string[] = [];
  const walker = document.createTreeWalker(document.querySelector('main')!, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent!.trim();
    const element = walker.currentNode.parentElement!;
    if (text === '') continue;
    texts.push({ text, size: Number.parseFloat(getComputedStyle(element).fontSize) });
    const { top, bottom } = element.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight + 1) beyond.push(text);
  }
  const headline = document.querySelector('.wall-broken h2');
  const cut = [...document.querySelectorAll('.wall-header h1 span, .wall-broken h2')]
    .filter((one) => one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth)
    .map((one) => one.textContent!);
  return {
    texts,
    beyond,
    cut,
    headline: headline ? Number.parseFloat(getComputedStyle(headline).fontSize) : 0,
  };
}

/** A turn goes by, and news keep coming: so often that the time that really goes by meanwhile makes none of them stale. */
async function passTurn(page: Page): Promise<void> {
  for (let news = 0; news < NEWS_IN_A_TURN; news++) {
    const heard = await page.evaluate(() => Reflect.get(globalThis, 'heard') as number);
    server.show(calm(Date.now()));
    await page.waitForFunction((before) => Reflect.get(globalThis, 'heard') > before, heard);
    await page.clock.fastForward(TURN_MS / NEWS_IN_A_TURN);
  }
}

/** Lets the page's time go on until something is so. */
async function until(page: Page, stepMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert.ok(performance.now() < giveUpAt, 'it did not become so');
    await page.clock.fastForward(stepMs);
    await page.evaluate(() => fetch('/').then(({ text }) => text.name));
  }
}

async function sizes(
  page: Page,
  session: CDPSession,
): Promise<{ heap: number; nodes: number; listeners: number }> {
  // The same state and screen each time.
  server.show(burning(Date.now()));
  await isCurrent(page);
  await page.getByRole('heading', { name: 'payments: 42 % of requests fail' }).waitFor();
  // What the screen before this one still holds is let go in a later frame.
  await page.clock.runFor(1_000);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
  return { heap: usedSize, nodes, listeners: jsEventListeners };
}

/** Services, instances, incidents and changes come and go; each hundredth is large. */
function varied(index: number): WallState {
  const now = Date.now();
  if (index % 100 === 50) return large(now);
  const state = [calm, restless, burning, (at: number) => burning(at, { owner: `Person ${index}` })][
    Math.floor(index / 40) % 4
  ]!(now);
  const renamed = (name: string): string => (name === 'tax' ? `tax-${index % 23}` : name);
  return {
    ...state,
    services: state.services.map((one) => ({ ...one, name: renamed(one.name), requestsPerSecond: index })),
    incidents: state.incidents.map((one) => ({ ...one, id: index, title: `${one.title} ${index}` })),
    changes: state.changes.map((one) => ({ ...one, id: one.id + index })),
    flows: state.flows.map((flow) => ({ ...flow, requestsPerSecond: index % 700 })),
    swarm: {
      ...state.swarm,
      services: state.swarm.services.map((one) => ({ ...one, name: renamed(one.name) })),
      nodes: state.swarm.nodes.map((node) => ({
        ...node,
        instances: node.instances.map((one) => ({
          ...one,
          id: `${one.id}-${index}`,
          service: renamed(one.service),
        })),
      })),
    },
  };
}
