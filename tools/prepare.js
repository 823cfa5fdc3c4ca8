/** Runs after `npm ci`: builds Palantir's pages. Where the tools for that were left out (`--omit=dev`) it says so and goes on. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const palantir = new URL('../packages/palantir/', import.meta.url);
let vite;
try {
  vite = createRequire(new URL('package.json', palantir)).resolve('vite');
} catch {
  console.warn("Palantir's pages are not built: the development dependencies are not installed");
}
if (vite) {
  const { build } = await import(pathToFileURL(vite).href);
  await build({ configFile: new URL('web/vite.config.ts', palantir).pathname, logLevel: 'warn' });
}
