/** Palantir of a project: where it is, and the link that lets a browser in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineStatus, PALANTIR } from '@goblin/deploy';

/** Where Palantir keeps what it has. */
export function palantirFolder(dataFolder: string): string {
  return join(dataFolder, 'palantir');
}

/** undefined while it does not run. */
export function palantirUrl({ services }: EngineStatus): string | undefined {
  const url = services.find(({ service }) => service === PALANTIR)?.instances[0]?.url;
  return url?.replace('//127.0.0.1:', '//localhost:');
}

/** What its readers show. @throws the system's error where it was never started */
export function palantirToken(dataFolder: string): string {
  return readFileSync(join(palantirFolder(dataFolder), 'token'), 'utf8').trim();
}

/** undefined while it does not run. @param to the page to go to */
export function palantirLink(status: EngineStatus, dataFolder: string, to = '/'): string | undefined {
  const url = palantirUrl(status);
  if (url === undefined) return undefined;
  const query = new URLSearchParams({ token: palantirToken(dataFolder), ...(to !== '/' && { to }) });
  return `${url}/login?${query}`;
}
