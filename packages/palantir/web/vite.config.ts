import { defineConfig } from 'vite';

// Tests run with another, and a team may: what is built is what is served.
process.env.NODE_ENV = 'production';

/** Builds the pages into dist-web: one small script for what every page needs, and one for each page. */
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist-web',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
