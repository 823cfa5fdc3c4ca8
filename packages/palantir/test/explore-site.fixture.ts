/** What the tests of Explore look at: the pages as they are built, scripted answers, and the browser of the system, which reaches
 * nothing but them. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { type Answers, answersAt } from './explore-answers.fixture.ts';
import { type ExploreServer, exploreServer } from './explore-server.fixture.ts';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WEB = new URL('../web', import.meta.url).pathname;
/** What the browser says of answers that are no success, which pages handle. */
const REFUSED = /Failed to load resource: the server responded with a status of 4\d\d/;

/** The reason to skip, or false when there is a browser. */
export const noBrowser: string | false =
  !existsSync(EXECUTABLE) &&
  `THERE IS NO BROWSER at ${EXECUTABLE}: install chromium, or name one by CHROMIUM`;

export interface ExploreSite extends AsyncDisposable {
  readonly answers: Answers;
  readonly server: ExploreServer;
  /** Where the built pages are. */
  readonly folder: string;
  /** Opens a page in a context of its own. What it says that is wrong goes to `complaints`. */
  open(path: string, look?: Look): Promise<Page>;
  /** Requests that left for elsewhere, errors of scripts, and what the policy refused. */
  readonly complaints: string[];
}

export interface Look {
  readonly isDark?: boolean;
  readonly width?: number;
  readonly height?: number;
}

/** Builds the pages into a folder that is removed by the caller. */
export async function buildSite(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'palantir-web-'));
  const configFile = join(WEB, 'vite.config.ts');
  await build({
    root: WEB,
    configFile,
    logLevel: 'error',
    build: { outDir: folder, reportCompressedSize: false },
  });
  return folder;
}

export async function exploreSite(): Promise<ExploreSite> {
  const folder = await buildSite();
  const answers = answersAt(Date.now());
  const server = await exploreServer(folder, answers);
  const browser: Browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
  const complaints: string[] = [];

  return {
    answers,
    server,
    folder,
    complaints,
    async open(path, { isDark = false, width = 1_440, height = 900 } = {}) {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: isDark ? 'dark' : 'light',
      });
      await context.route(
        (url) => url.origin !== server.origin && url.protocol !== 'data:',
        (route) => {
          complaints.push(`${path} asked for ${route.request().url()}`);
          return route.abort();
        },
      );
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      page.on('pageerror', (error) => complaints.push(`${path}: ${error.stack}`));
      page.on('console', (message) => {
        if (message.type() === 'error' && !REFUSED.test(message.text()))
          complaints.push(`${path}: ${message.text()}`);
      });
      await page.goto(server.origin + path);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
