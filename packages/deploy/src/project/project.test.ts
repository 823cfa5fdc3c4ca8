import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { isGoblinError } from '@goblin/core';
import { controlSocketPath } from '../control/socket-path.ts';
import { loadAppModel, loadProject } from './project.ts';
import { ensureSecrets } from './secrets.ts';

const root = mkdtempSync(join(tmpdir(), 'goblin-project-'));
after(() => rmSync(root, { recursive: true }));

const model = (name: string): string =>
  `export default ${JSON.stringify({ name, services: {}, secrets: [] })};`;

function write(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

test('the config file is the named one, else the nearest above, else the one that package.json points to', async () => {
  const near = write('one/goblin.config.ts', model('near'));
  const other = write('other/goblin.config.js', model('other'));
  mkdirSync(join(root, 'one/deep/er'), { recursive: true });
  write('two/package.json', JSON.stringify({ goblin: { config: '../other/goblin.config.js' } }));
  const cwd = join(root, 'one/deep/er');
  const found = async (options: Parameters<typeof loadProject>[0]): Promise<string> =>
    (await loadProject({ cwd, env: {}, ...options })).configFile;
  assert.equal(await found({}), near);
  assert.equal(await found({ env: { GOBLIN_CONFIG: other } }), other);
  assert.equal(await found({ config: '../../../other', env: { GOBLIN_CONFIG: near } }), other);
  assert.equal(await found({ cwd: join(root, 'two') }), other);
});

test('the data folder is beside the config file unless named, and private', async () => {
  const cwd = dirname(write('data/goblin.config.ts', model('data')));
  const project = await loadProject({ cwd, env: {} });
  assert.equal(project.dataFolder, join(cwd, '.goblin'));
  // Root's may be passed through, by PostgreSQL, which is not root.
  assert.equal(statSync(project.dataFolder).mode & 0o777, process.getuid?.() === 0 ? 0o711 : 0o700);
  assert.equal((await loadProject({ cwd, env: { GOBLIN_DATA: 'here' } })).dataFolder, join(cwd, 'here'));
  assert.equal((await loadProject({ cwd, env: {}, data: 'there' })).dataFolder, join(cwd, 'there'));
});

test('without a config file the error says what to do', async () => {
  await assert.rejects(loadProject({ cwd: '/', env: {} }), (error) => {
    assert.ok(isGoblinError(error, 'NOT_FOUND'));
    assert.match(error.message, /no goblin\.config\.ts in \/ or above it.*--config/);
    return true;
  });
  await assert.rejects(loadProject({ cwd: root, env: {}, config: 'gone.ts' }), /gone\.ts does not exist/);
});

test('a config file that fails or has no model is named in the error', async () => {
  const broken = write('broken/goblin.config.ts', 'throw new Error("boom")');
  await assert.rejects(loadAppModel(broken), /broken.goblin\.config\.ts cannot be loaded: boom/);
  const empty = write('empty/goblin.config.ts', 'export default {}');
  await assert.rejects(loadAppModel(empty), /has no app model: write/);
});

test('a model can be read again after a change', async () => {
  const file = write('again/goblin.config.ts', model('one'));
  assert.equal((await loadAppModel(file)).name, 'one');
  writeFileSync(file, model('two'));
  assert.equal((await loadAppModel(file, '2')).name, 'two');
});

test('missing secrets are made at random for their owner only, and existing ones kept', async () => {
  const data = mkdtempSync(join(root, 'secrets-'));
  assert.deepEqual(await ensureSecrets(data, ['ONE', 'TWO']), ['ONE', 'TWO']);
  const one = readFileSync(join(data, 'secrets/one'), 'utf8');
  assert.deepEqual(await ensureSecrets(data, ['ONE', 'THREE']), ['THREE']);
  assert.equal(readFileSync(join(data, 'secrets/one'), 'utf8'), one);
  assert.equal(statSync(join(data, 'secrets/two')).mode & 0o777, 0o600);
  assert.notEqual(readFileSync(join(data, 'secrets/two'), 'utf8'), one);
});

test('the control socket of a deep data folder has a short path, the same for everybody', () => {
  const deep = join(root, 'x'.repeat(120));
  const path = controlSocketPath(deep);
  assert.ok(Buffer.byteLength(path) <= 103);
  assert.equal(path, controlSocketPath(deep));
  assert.notEqual(path, controlSocketPath(`${deep}y`));
  assert.equal(controlSocketPath('/short'), '/short/control.sock');
});
