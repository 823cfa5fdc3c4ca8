/** The browser of the system, driven by playwright-core. Nothing is downloaded; without one the tests are skipped. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

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
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
