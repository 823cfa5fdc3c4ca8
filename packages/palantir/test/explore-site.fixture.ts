/** What the tests of Explore look at: the pages as they are built, scripted answers, and the browser of the system, which reaches
 * nothing but them. */
import type { Page } from 'playwright-core';
import { buildPages, startBrowser } from './browser.fixture.ts';
import { type Answers, answersAt } from './explore-answers.fixture.ts';
import { type ExploreServer, exploreServer } from './explore-server.fixture.ts';

/** What the browser says of answers that are no success, which pages handle. */
const REFUSED = /Failed to load resource: the server responded with a status of 4\d\d/;

export interface ExploreSite extends AsyncDisposable {
  readonly answers: Answers;
  readonly server: ExploreServer;
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

export async function exploreSite(): Promise<ExploreSite> {
  const pages = await buildPages();
  const answers = answersAt(Date.now());
  const server = await exploreServer(pages.folder, answers);
  const browser = await startBrowser();
  const complaints: string[] = [];

  return {
    answers,
    server,
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
      await page.addInitScript(countQuestions);
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
      await pages[Symbol.asyncDispose]();
    },
  };
}

/** In the page: how many questions to the server have no answer yet. */
function countQuestions(): void {
  const { fetch: plain } = globalThis;
  let asking = 0;
  Object.defineProperty(globalThis, 'asking', { get: () => asking });
  globalThis.fetch = async (...question) => {
    asking++;
    try {
      return await plain(...question);
    } finally {
      asking--;
    }
  };
}
