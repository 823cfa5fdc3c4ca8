/** The browser of the system, driven by playwright-core, and the pages as Vite builds them. Nothing is downloaded; without a browser
 * the tests are skipped. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const CONFIG = fileURLToPath(new URL('../web/vite.config.ts', import.meta.url));

/** A browser tells what came of a key or a click when it gets to it, and a busy machine gets to it late: after each action tests wait for
 * what it brings, never for a time. Only who waits in vain comes to this deadline. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 25;

/** The reason to skip, or false when there is a browser. */
export const noBrowser: string | false =
  !existsSync(EXECUTABLE) &&
  `THERE IS NO BROWSER at ${EXECUTABLE}: install chromium, or name one by CHROMIUM`;

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
}

export interface BuiltPages extends AsyncDisposable {
  readonly folder: string;
}

/** Builds them into a folder of their own. */
export async function buildPages(): Promise<BuiltPages> {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-pages-'));
  await build({ configFile: CONFIG, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** What it wrote as errors, and what it asked others than its server for. */
  readonly faults: readonly string[];
}

/** A page that reaches its server and nothing else. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1_920, height: 1_080 }, ...options });
  const faults: string[] = [];
  await context.route(
    (url) => url.origin !== origin && url.protocol !== 'data:',
    (route) => {
      faults.push(`asked for ${route.request().url()}`);
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('/palantir/live')) faults.push(message.text());
  });
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}

/** Fails with what axe calls serious or critical, and where. */
export async function assertAccessible(page: Page): Promise<void> {
  const file = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  await page.evaluate(await readFile(file, 'utf8'));
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    return (await axe.run()).violations;
  });
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('\n  ')}`);
  assert.deepEqual(serious, []);
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Waits until it holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < giveUpAt, what);
    await sleep(LOOK_MS);
  }
}

/** Waits until what is looked at is as it should be; fails with how it is instead. */
export async function untilEqual<T>(look: () => T | Promise<T>, wanted: T): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  let found = await look();
  while (!isDeepStrictEqual(found, wanted) && performance.now() < giveUpAt) {
    await sleep(LOOK_MS);
    found = await look();
  }
  assert.deepEqual(found, wanted);
}

/** Waits until something with these words has the focus. */
export async function untilFocused(page: Page, words: string): Promise<void> {
  await untilEqual(() => page.evaluate(() => document.activeElement?.textContent ?? ''), words);
}
