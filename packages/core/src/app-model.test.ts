import assert from 'node:assert/strict';
import { test } from 'node:test';
import { app } from './app-model.ts';
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
