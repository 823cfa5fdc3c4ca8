/** A route that keeps mails on this machine: each becomes an .eml file that mail programs open. What development has when no
 * other route is configured. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '@goblin/core';
import { mimeOf } from './mime.ts';
import type { Route, RouteOptions } from './route.ts';

/** Files; the oldest go when there are more. */
export const MAX_OUTBOX_FILES = 1_000;
const TIMEOUT_MS = 30_000;

export interface OutboxOptions extends RouteOptions {
  /** Default: `outbox/<service>` in the project's data folder. */
  readonly folder?: string;
}

export function outbox(options: OutboxOptions = {}): Route {
  const { name = 'outbox', rate } = options;
  return {
    name,
    ...(rate !== undefined && { rate }),
    timeoutMs: TIMEOUT_MS,
    open: (setup) => {
      const folder = options.folder ?? setup.folder;
      return {
        async send({ mail, handOver, signal }) {
          try {
            await mkdir(folder, { recursive: true, mode: 0o700 });
            await handOver();
            const now = systemClock.wall();
            const file = join(
              folder,
              `${new Date(now).toISOString().replaceAll(':', '-')}_${mail.id}_${mail.kind}.eml`,
            );
            const content = await mimeOf(mail, setup.dkim, now);
            await pipeline(content, createWriteStream(`${file}.part`, { mode: 0o600 }), { signal });
            await rename(`${file}.part`, file);
            await tidy(folder);
            return { outcome: 'accepted', answer: `kept in ${file}` };
          } catch (error) {
            // What is not renamed is not there.
            return { outcome: 'declined', answer: (error as Error).message, ill: true, permanent: false };
          }
        },
        close: async () => {},
      };
    },
  };
}

async function tidy(folder: string): Promise<void> {
  const files = (await readdir(folder)).sort();
  for (const file of files.slice(0, -MAX_OUTBOX_FILES)) await rm(join(folder, file), { force: true });
}
