import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '@goblin/core';
import { sourceFiles } from './source-files.ts';
import { watchSources } from './source-watcher.ts';

const root = mkdtempSync(join(tmpdir(), 'goblin-watch-'));
after(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

test('a service is made of its folder and of what it imports from outside, followed through', () => {
  write('a/service.ts', `import { x } from '../shared/x.ts';\nexport * from '../shared/missing.ts';`);
  write('a/sql/1.sql', '');
  write('a/service.test.ts', '');
  write('a/README.md', '');
  write('a/node_modules/p/index.js', '');
  write('shared/x.ts', `const y = await import('./y.ts'); import z from "zod";`);
  write('shared/y.ts', `import '../a/service.ts';`);
  write('shared/other.ts', '');
  const { files } = sourceFiles(join(root, 'a'), [join(root, '.env')]);
  const expected = ['.env', 'a/service.ts', 'a/sql/1.sql', 'shared/missing.ts', 'shared/x.ts', 'shared/y.ts'];
  assert.deepEqual(
    [...files].sort(),
    expected.map((path) => join(root, path)),
  );
});

test('the version changes with the content and not with the time', () => {
  const file = write('b/service.ts', 'one');
  const version = (): string => sourceFiles(join(root, 'b')).version;
  const before = version();
  writeFileSync(file, 'one');
  assert.equal(version(), before);
  writeFileSync(file, 'two');
  assert.notEqual(version(), before);
});

test('a change is told once, whether a file is written, replaced, added or removed', async () => {
  const file = write('c/service.ts', `import '../d/shared.ts';`);
  write('d/shared.ts', '1');
  let told = Promise.withResolvers<string>();
  let count = 0;
  const watcher = watchSources(
    () => sourceFiles(join(root, 'c')),
    (version) => {
      count += 1;
      told.resolve(version);
    },
    systemClock,
  );
  after(() => watcher.stop());
  const changes = [
    () => writeFileSync(file, `import '../d/shared.ts'; // edited`),
    () => renameSync(write('c.new', `import '../d/shared.ts'; // saved by an editor`), file),
    () => write('c/new/more.sql', 'select 1'),
    () => rmSync(join(root, 'c/new'), { recursive: true }),
    () => write('d/shared.ts', '2'),
    () => {
      renameSync(join(root, 'c'), join(root, 'c.away'));
      write('c/service.ts', 'a new folder');
    },
    () => write('c/service.ts', 'the new folder is watched'),
  ];
  for (const [index, change] of changes.entries()) {
    change();
    assert.equal(await told.promise, watcher.version);
    assert.equal(count, index + 1);
    told = Promise.withResolvers();
  }
});
