/** The visual swarm in a real browser: what is drawn, how much it costs, and that whoever cannot see or point gets the same. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import type { WallState } from '../src/live/wall-state.ts';
import { PARTICLE_BUDGET } from '../web/swarm/particles.ts';
import {
  assertAccessible,
  type BuiltPages,
  buildPages,
  openPage,
  noBrowser as skip,
  startBrowser,
  until,
  untilEqual,
  untilFocused,
} from './browser.fixture.ts';
import { type LiveServer, liveServer } from './live-server.fixture.ts';
import { burning, calm, large } from './wall-states.fixture.ts';

/** A particle takes one, or four if it is a failure; services and labels that it goes behind take one each. */
const MAX_COMMANDS = 2 * PARTICLE_BUDGET;
const FRAMES = 60;
const NEWS_MS = 5_000;
const STATES = 10;
const SCRIPT_BUDGET = 45_000;

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

test('everything in the picture says what it is to a pointer, and leads on', { skip }, async () => {
  await using opened = await swarm(burning(Date.now()));
  const { page } = opened;
  // A page that is told nothing says so above the picture, which moves down.
  const news = setInterval(() => server.show(burning(Date.now())), NEWS_MS);
  const found = await page.evaluate(sweep).finally(() => clearInterval(news));
  for (const wanted of [
    /^tax: down, 0 of 2 run/,
    /^shop-1: CPU 91 %/,
    /^tax 2 on shop-1: b772e01, stopped, should run/,
    /^payments → tax: .*90 % fail$/,
  ])
    assert.ok(
      found.some(({ words }) => wanted.test(words)),
      `${wanted} in ${found.map(({ words }) => words).join('\n')}`,
    );
  const { x, y } = found.find(({ words }) => words.startsWith('tax 1 on'))!;
  await page.mouse.click(x, y);
  await page.getByRole('heading', { name: 'tax 1 on shop-1' }).waitFor();
  await assertPlaces(page, 'tax');
  await page.getByRole('link', { name: 'Close' }).click();
  await page.getByRole('heading', { name: 'tax 1 on shop-1' }).waitFor({ state: 'detached' });
  assert.deepEqual(opened.faults, []);
});

test('with the keyboard alone one comes to everything that the picture shows, and from there on', {
  skip,
}, async () => {
  await using opened = await swarm(calm(Date.now()));
  const { page } = opened;
  const reached = new Set<string>();
  for (let press = 0; press < 200; press++) {
    await page.keyboard.press('Tab');
    const { words, isSeen } = await page.evaluate(focused);
    if (words === '') break;
    reached.add(words);
    assert.ok(isSeen, `${words} has the focus and is not seen`);
  }
  const wanted = ['Show as a table', 'Logs of tax', 'tax', 'shop', 'shop-1', 'payments 3'];
  for (const name of wanted) assert.ok(reached.has(name), `${name} in ${[...reached].join(', ')}`);

  await page.getByRole('link', { name: 'tax 2', exact: true }).press('Enter');
  await untilFocused(page, 'tax 2 on shop-1');
  await assertPlaces(page, 'tax');
  await page.keyboard.press('Escape');
  await untilFocused(page, 'tax 2');
  await untilEqual(() => new URL(page.url()).search, '');
});

test('the table says what the picture shows, is always there for screen readers, and is seen on demand', {
  skip,
}, async () => {
  await using opened = await swarm(burning(Date.now()));
  const { page } = opened;
  const services = page.getByRole('table', { name: 'Services' });
  assert.match(
    await services.getByRole('row', { name: /^tax/ }).innerText(),
    /down.*0 of 2.*95\.4.*90 %.*5\.00 s/s,
  );
  assert.match(
    await page.getByRole('row', { name: /^tax 2/ }).innerText(),
    /stopped, should run: exited with 1/,
  );
  const height = (): Promise<number> => page.locator('#swarm-table').evaluate((table) => table.clientHeight);
  assert.ok((await height()) <= 1);
  await page.getByRole('button', { name: 'Show as a table' }).press('Enter');
  await page.getByRole('button', { name: 'Hide the table', expanded: true }).waitFor();
  assert.ok((await height()) > 500);
  await untilEqual(() => new URL(page.url()).searchParams.get('table'), '1');
});

test('an address holds the choice', { skip }, async () => {
  await using opened = await swarm(calm(Date.now()), '/swarm?show=flow:shop:payments');
  await opened.page.getByRole('heading', { name: 'shop → payments' }).waitFor();
  await assertPlaces(opened.page, 'payments');
});

test('a frame of 12 nodes with 400 instances each draws what moves and nothing else, and the table stays short', {
  skip,
}, async (t) => {
  await using opened = await swarm(large(Date.now()), '/', { viewport: { width: 1_440, height: 900 } });
  const { page } = opened;
  await until(async () => (await framesOf(page)).length > FRAMES, 'what moves does not go on');
  const frames = await framesOf(page);
  const sorted = frames.map(({ ms }) => ms).sort((a, b) => a - b);
  const [median, p99] = [sorted[Math.floor(sorted.length / 2)]!, sorted[Math.floor(sorted.length * 0.99)]!];
  const most = Math.max(...frames.map(({ commands }) => commands));
  t.diagnostic(
    `script per frame: median ${median.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; at most ${most} commands`,
  );
  assert.ok(most < MAX_COMMANDS, `${most} commands in a frame`);
  assert.deepEqual(
    frames.filter(({ isStillDrawn }) => isStillDrawn),
    [],
    'what stands still is drawn in frames',
  );
  const rows = await page.locator('tr').count();
  assert.ok(rows < 400, `${rows} rows`);
  assert.deepEqual(opened.faults, []);
});

test('while states come what moves goes on: a new state of 12 nodes with 400 instances each is drawn once, and its table in a later frame', {
  skip,
}, async (t) => {
  await using opened = await swarm(alive(0), '/', { viewport: { width: 1_440, height: 900 } });
  const { page } = opened;
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spentMs = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    const spent = metrics.filter(({ name }) => /^(?:Script|Layout|RecalcStyle)Duration$/.test(name));
    return spent.reduce((sum, { value }) => sum + value * 1_000, 0);
  };
  const before = await spentMs();
  for (let index = 1; index <= STATES; index++) {
    const version = await heldBy(page);
    server.show(alive(index));
    await until(async () => (await heldBy(page)) > version, 'the state does not come');
    await until(async () => (await momentsOf(page)).includes('table'), 'the table does not follow');
    assert.match((await momentsOf(page)).join(' '), /^state (frame )*picture (frame )+table/);
  }
  const each = ((await spentMs()) - before) / STATES;
  t.diagnostic(
    `script, style and layout of a state and the frames after it: ${each.toFixed(1)} ms of processor`,
  );
  assert.deepEqual(opened.faults, []);
});

test('nothing is drawn while nobody sees it, nor moves for who asked for less motion', { skip }, async () => {
  await using opened = await swarm(calm(Date.now()));
  const { page } = opened;
  const isMoving = async (): Promise<boolean> => {
    const { length } = await framesOf(page);
    await page.evaluate(threeFrames);
    return (await framesOf(page)).length > length;
  };
  const hide = (isHidden: boolean): Promise<void> =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  await until(isMoving, 'nothing moves');
  await hide(true);
  assert.equal(await isMoving(), false);
  await hide(false);
  await until(isMoving, 'what was hidden does not go on');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await until(async () => !(await isMoving()), 'it moves for who asked for less motion');
});

test('it fits a phone and a large screen, and is accessible in light and dark', { skip }, async () => {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const viewport of [
      { width: 390, height: 844 },
      { width: 1_920, height: 1_080 },
    ])
      for (const state of [calm, burning, large]) {
        await using opened = await swarm(state(Date.now()), '/?table=1&show=node:none', {
          colorScheme,
          viewport,
        });
        const { page } = opened;
        assert.ok(
          await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
          'no scrolling sideways',
        );
        await assertAccessible(page);
        assert.deepEqual(opened.faults, []);
      }
  assert.deepEqual(server.missing, []);
});

test('the scripts of swarm and wall together have less than 45 KB as they are sent', { skip }, async (t) => {
  const sizes = new Map<string, number>();
  for (const path of ['/', '/tv']) {
    await using opened = await swarm(calm(Date.now()), path);
    const urls = await opened.page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name),
    );
    for (const url of urls.filter((one) => one.endsWith('.js')))
      sizes.set(url, gzipSync(await (await fetch(url)).bytes()).length);
  }
  const sum = [...sizes.values()].reduce((all, size) => all + size, 0);
  t.diagnostic(`${sum} bytes in ${sizes.size} files`);
  assert.ok(sum < SCRIPT_BUDGET, `${sum} bytes`);
});

async function swarm(
  state: WallState,
  path = '/',
  options: Parameters<typeof openPage>[2] = {},
): ReturnType<typeof openPage> {
  server.show(state);
  const opened = await openPage(browser, server.origin, options);
  await opened.page.addInitScript(watch);
  await opened.page.goto(server.origin + path);
  await until(async () => (await momentsOf(opened.page)).includes('picture'), 'the swarm is not drawn');
  return opened;
}

async function assertPlaces(page: Page, service: string): Promise<void> {
  const hrefs = await page
    .locator('.swarm-detail .swarm-places a')
    .evaluateAll((links) =>
      links.map((link) => decodeURIComponent((link as HTMLAnchorElement).getAttribute('href')!)),
    );
  assert.equal(hrefs[0], `/explore/services/${service}`);
  assert.equal(hrefs[1], `/explore/logs?query={service="${service}"}`);
  assert.equal(hrefs[2], `/explore/traces?query={ service = "${service}" }`);
  assert.match(hrefs[3]!, /^\/explore\/metrics\?query=/);
}

interface Frame {
  /** Of its script. */
  readonly ms: number;
  /** To the canvases. */
  readonly commands: number;
  /** Whether it drew on the lower canvas, of what stands still. */
  readonly isStillDrawn: boolean;
}

interface Watched {
  /** Those that drew something. */
  readonly frames: Frame[];
  /** The number of the newest state that came. */
  held: number;
  /** What happened since, in its order: `state`, `frame`, `picture` for what stands still, `table`. */
  moments: string[];
}

/** In the page: takes down what is drawn when. */
function watch(): void {
  const watched: Watched = { frames: [], held: 0, moments: [] };
  let commands = 0;
  let isStillDrawn = false;
  const plainFrame = requestAnimationFrame.bind(globalThis);
  Object.assign(globalThis, { watched, plainFrame });
  globalThis.requestAnimationFrame = (callback) =>
    plainFrame((now) => {
      watched.moments.push('frame');
      const start = performance.now();
      [commands, isStillDrawn] = [0, false];
      callback(now);
      if (commands > 0) watched.frames.push({ ms: performance.now() - start, commands, isStillDrawn });
    });

  const { prototype } = CanvasRenderingContext2D;
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    if (typeof value === 'function')
      Reflect.set(prototype, name, function (this: CanvasRenderingContext2D, ...given: unknown[]) {
        commands++;
        if (this.canvas.previousElementSibling === null) {
          isStillDrawn = true;
          if (name === 'clearRect') watched.moments.push('picture');
        }
        return Reflect.apply(value, this, given);
      });

  new MutationObserver((changes) => {
    const isTable = ({ target }: MutationRecord): boolean =>
      (target instanceof Element ? target : target.parentElement)?.closest('#swarm-table') != null;
    if (changes.some(isTable)) watched.moments.push('table');
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });

  const Plain = EventSource;
  const Told = class extends Plain {
    constructor(url: string) {
      super(url);
      for (const event of ['wall', 'change'])
        this.addEventListener(event, ({ lastEventId }) => {
          watched.held = Number(lastEventId);
          watched.moments = ['state'];
        });
    }
  };
  Reflect.set(globalThis, 'EventSource', Told);
}

function framesOf(page: Page): Promise<readonly Frame[]> {
  return page.evaluate(() => (Reflect.get(globalThis, 'watched') as Watched).frames);
}

function momentsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => (Reflect.get(globalThis, 'watched') as Watched).moments);
}

function heldBy(page: Page): Promise<number> {
  return page.evaluate(() => (Reflect.get(globalThis, 'watched') as Watched).held);
}

/** A large swarm as it lives on: rates, times and shares are others, and some instances. */
function alive(index: number): WallState {
  const state = large(Date.UTC(2026, 10, 21) + index * 1_000);
  const moved = (value: number, at: number): number => value * (1 + 0.1 * Math.sin(index * 1.7 + at));
  return {
    ...state,
    services: state.services.map((one, at) => ({
      ...one,
      requestsPerSecond: moved(one.requestsPerSecond, at),
      p95Ms: moved(one.p95Ms, at),
    })),
    flows: state.flows.map((flow, at) => ({
      ...flow,
      requestsPerSecond: moved(flow.requestsPerSecond, at),
      p95Ms: moved(flow.p95Ms, at),
    })),
    swarm: {
      ...state.swarm,
      nodes: state.swarm.nodes.map((node, at) => ({
        ...node,
        cpu: moved(0.5, at),
        instances: node.instances.map((one, place) => ({
          ...one,
          startedAtMs: 0,
          health: (place + index * 7) % 97 === 0 ? 'starting' : one.health,
        })),
      })),
    },
  };
}

/** In the page. */
function threeFrames(): Promise<void> {
  const frame = Reflect.get(globalThis, 'plainFrame') as typeof requestAnimationFrame;
  return new Promise((done) => frame(() => frame(() => frame(() => done()))));
}

/** In the page: what each point says. */
function sweep(): Promise<{ words: string; x: number; y: number }[]> {
  const picture = document.querySelector<HTMLElement>('.swarm-picture')!;
  const { left, top, width, height } = picture.getBoundingClientRect();
  const found = new Map<string, { words: string; x: number; y: number }>();
  return new Promise((done) => {
    const points: [number, number][] = [];
    for (let y = 3; y < height; y += 6) for (let x = 3; x < width; x += 6) points.push([left + x, top + y]);
    const channel = new MessageChannel();
    let next = 0;
    const look = (): void => {
      const tip = document.querySelector('.swarm-tip')?.textContent;
      const [x, y] = points[next - 1] ?? [0, 0];
      if (tip && !found.has(tip)) found.set(tip, { words: tip, x, y });
      if (next === points.length) return done([...found.values()]);
      const [clientX, clientY] = points[next++]!;
      picture.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY }));
      channel.port2.postMessage(0);
    };
    channel.port1.onmessage = look;
    look();
  });
}

/** In the page. */
function focused(): { words: string; isSeen: boolean } {
  const element = document.activeElement!;
  const { width, height, bottom, right } = element.getBoundingClientRect();
  const words =
    element === document.body ? '' : (element.getAttribute('aria-label') ?? element.textContent!.trim());
  return { words, isSeen: width > 1 && height > 1 && bottom > 0 && right > 0 };
}
