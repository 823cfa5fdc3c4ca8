/** The one class of undici that calls go through. The package's index loads fetch, caches and more besides, which
 * would cost every service process 14 MB. */
import { createRequire } from 'node:module';
import type { Client as UndiciClient } from 'undici';

export type Client = UndiciClient;
export const Client: typeof UndiciClient = createRequire(import.meta.url)('undici/lib/dispatcher/client.js');
