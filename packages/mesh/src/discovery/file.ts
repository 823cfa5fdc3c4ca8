/** Finds peers listed in a file, one host:port per line, `#` begins a comment. The file is read again within
 * PERIOD_MS of a change, also when it is replaced as a whole, as Kubernetes does it. A file that cannot be read, or
 * a line that is no address, is reported; what was found before stays. */
import { readFile } from 'node:fs/promises';
import type { Timer } from '@goblin/core';
import { contacts } from './contacts.ts';
import type { Finder, FinderContext, RunningFinder } from './finder.ts';
import { parseHostAndPort } from './host-and-port.ts';

const PERIOD_MS = 1_000;
const MAX_BYTES = 262_144;

/** @example file({ path: '/etc/goblin/peers' }) */
export function file(options: { readonly path: string }): Finder {
  return { name: 'file', start: (context) => startFile(context, options.path) };
}

async function startFile(context: FinderContext, path: string): Promise<RunningFinder> {
  const touching = contacts(context, 'file');
  let text: string | undefined;
  let timer: Timer | undefined;
  let stopped = false;

  async function round(): Promise<void> {
    try {
      const now = await readFile(path, 'utf8');
      if (now.length > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`);
      if (now !== text && !stopped) use(now);
      text = now;
    } catch (error) {
      if (!stopped) touching.complaints.about(`${path} cannot be read: ${(error as Error).message}`);
    }
    if (!stopped) timer = context.clock.after(PERIOD_MS, () => void round());
  }

  function use(list: string): void {
    const lines = list
      .split('\n')
      .map((line) => line.replace(/#.*/, '').trim())
      .filter((line) => line !== '');
    const addresses = lines.map((line) => parseHostAndPort(line));
    const wrong = lines.filter((_, i) => !addresses[i]);
    if (wrong.length > 0) {
      const first = JSON.stringify(wrong[0]);
      touching.complaints.about(`${path} has ${wrong.length} lines that are not host:port, such as ${first}`);
    }
    touching.use(addresses.filter((address) => address !== undefined));
  }

  await round();
  return {
    announce: () => {},
    async stop() {
      stopped = true;
      timer?.cancel();
      touching.stop();
    },
  };
}
