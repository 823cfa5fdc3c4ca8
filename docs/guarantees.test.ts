/** Keeps docs/guarantees.md true: every test that it names is there, under that name. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const repository = resolve(import.meta.dirname, '..');
const page = readFileSync(join(import.meta.dirname, 'guarantees.md'), 'utf8');

test('each test that the guarantees name exists', () => {
  const named = [...page.matchAll(/`([^`]+\.test\.ts)`: (.+?) \|$/gm)].map(
    (match) => [match[1]!, match[2]!] as const,
  );
  assert.ok(named.length > 20, 'the table has another form than this test reads');
  const missing = named.filter(([file, name]) => {
    const path = join(repository, file);
    return !existsSync(path) || !readFileSync(path, 'utf8').replaceAll("\\'", "'").includes(name);
  });
  assert.deepEqual(missing, []);
});

test('each link of the manual leads to a file', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'docs/README.md', 'docs/tutorial.md', 'docs/guarantees.md'];
  const broken = pages.flatMap((file) =>
    [...readFileSync(join(repository, file), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map((match) => match[1]!)
      .filter((target) => !existsSync(resolve(repository, file, '..', target)))
      .map((target) => `${file}: ${target}`),
  );
  assert.deepEqual(broken, []);
});
