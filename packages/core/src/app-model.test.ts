import assert from 'node:assert/strict';
import { test } from 'node:test';
import { app } from './app-model.ts';
import type { BackupSpec } from './backup-spec.ts';
import { isGoblinError } from './errors.ts';

test('a folder alone is a service with the defaults', () => {
  const model = app({ name: 'payments', services: { tax: './services/tax' } });
  assert.deepEqual(model.services.tax, {
    kind: 'service',
    name: 'tax',
    from: './services/tax',
    instances: 1,
    env: {},
  });
});

test('a command is a program that speaks HTTP', () => {
  const model = app({
    name: 'payments',
    services: { acquirer: { command: 'node acquirer.ts', port: 9000 } },
  });
  assert.equal(model.services.acquirer?.kind, 'program');
});

test('everything that is wrong is reported at once, each with its place', () => {
  assert.throws(
    () =>
      app({
        name: 'Payments',
        services: { tax: { from: './tax', instances: 1.5 }, edge: './edge' },
        edge: {
          routes: [
            { path: 'no-slash', to: 'tax' },
            { path: '/old/*', to: 'taxes' },
            { path: '/half/*', to: 'tax', percent: 50 },
            { path: '/', to: 'tax', limit: 'many' },
          ],
        },
      }),
    (error) => {
      assert.ok(isGoblinError(error, 'CONFIG_INVALID'));
      for (const part of [
        'name "Payments"',
        'services.tax.instances',
        'services.edge',
        'edge.routes[0] (no-slash): a path starts with /',
        'there is no service "taxes"; there are tax, edge',
        'say with `otherwise`',
        'limit "many"',
      ]) {
        assert.ok(error.message.includes(part), `${part} is missing in:\n${error.message}`);
      }
      return true;
    },
  );
});

test('a backup that is wrong is told what would be right, each place of it', () => {
  const wrong = (backup: unknown): string[] => {
    try {
      app({ name: 'shop', services: { backup: './backup' }, backup: backup as BackupSpec });
      return [];
    } catch (error) {
      assert.ok(isGoblinError(error, 'CONFIG_INVALID'));
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    }
  };
  const [name, ...problems] = wrong({ every: '6 hours', logEvery: '1ms', keep: { for: 'ever', backups: 0 } });
  assert.match(name!, /^services\.backup: the name is that of the process/);
  assert.deepEqual(problems, [
    "backup.to is missing: name a folder, such as '/mnt/backups/shop', or 's3://bucket/prefix?endpoint=https://…'",
    `backup.every is "6 hours": write a duration such as '6h'`,
    'backup.logEvery is "1ms": it is at least 100 milliseconds',
    `backup.keep.for is "ever": write a duration such as '14d'`,
    'backup.keep.backups: write a whole number from 1 on',
  ]);
  assert.match(wrong({ to: 'ftp://host/backups' })[1]!, /^backup\.to is "ftp:.*name a folder/);
  assert.match(wrong({ to: './b', every: '6h', keep: { for: '1h' } })[1]!, /it is at least backup\.every/);
  const backup: BackupSpec = { to: 's3://shop/backups', every: '6h', keep: { for: '14d', backups: 2 } };
  assert.deepEqual(app({ name: 'shop', services: {}, backup }).backup, backup);
});

test('palantir is on unless it is turned off, and what is wrong of it is told with its place', () => {
  const { palantir } = app({ name: 'shop', services: {} });
  assert.deepEqual(palantir, {
    port: 7_070,
    host: '127.0.0.1',
    hosts: [],
    keepMs: 15 * 86_400_000,
    keepBytes: 5 * 1_073_741_824,
    settings: 'palantir',
  });
  assert.equal(app({ name: 'shop', services: { palantir: './p' }, palantir: false }).palantir, undefined);
  assert.throws(
    () =>
      app({
        name: 'shop',
        services: { palantir: './p' },
        palantir: { port: 70_000, keep: { for: '1h', size: '1 TB' as never } },
      }),
    (error) => {
      assert.ok(isGoblinError(error, 'CONFIG_INVALID'));
      assert.deepEqual(
        error.message
          .split('\n')
          .slice(1)
          .map((line) => line.trim().split(':')[0]),
        [
          'services.palantir',
          'palantir.port is 70000',
          'palantir.keep.for is "1h"',
          'palantir.keep.size is "1 TB"',
        ],
      );
      return true;
    },
  );
});
