import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeHost } from '../alerts/testing/route-host.ts';
import { openState } from '../state/state-database.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { logLine, NOON_MS, noonClock } from '../store/fixtures/telemetry.ts';
import type { ErrorGroup } from './error-group.ts';
import { createErrorGroups } from './error-groups.ts';
import { errorRoutes } from './error-routes.ts';

test('error groups over HTTP: listed, shown and decided about; what is wrong is told by its field', async () => {
  using folder = temporaryFolder();
  using state = openState(folder.path);
  using errors = createErrorGroups({ state, clock: noonClock() });
  errors.take(
    ['tax', 'shop'].map((service, i) =>
      logLine(NOON_MS + i, 'failed', { severity: 17, service, attributes: { 'err.type': `E${i}` } }),
    ),
  );
  await using host = await routeHost(errorRoutes(errors));
  const list = async (query = ''): Promise<ErrorGroup[]> =>
    (await host.ask('GET', `/palantir/errors${query}`))[1] as ErrorGroup[];
  assert.deepEqual(
    (await list()).map(({ type }) => type),
    ['E1', 'E0'],
  );
  assert.deepEqual(
    (await list('?service=tax')).map(({ type }) => type),
    ['E0'],
  );
  assert.deepEqual(
    (await list('?limit=1')).map(({ type }) => type),
    ['E1'],
  );
  const [{ fingerprint } = { fingerprint: '' }] = await list();
  const path = `/palantir/errors/${encodeURIComponent(fingerprint)}`;
  const [, shown] = (await host.ask('GET', path)) as [number, ErrorGroup];
  assert.equal(shown.samples[0]!.message, 'failed');
  const [, resolved] = (await host.ask('POST', `${path}/resolve`, { by: 'ada', version: '7' })) as [
    number,
    ErrorGroup,
  ];
  assert.deepEqual([resolved.state, resolved.decision!.fixedIn], ['resolved', '7']);
  assert.equal((await list('?state=open')).length, 1);
  const [, ignored] = (await host.ask('POST', `${path}/ignore`, { by: 'ada' })) as [number, ErrorGroup];
  assert.equal(ignored.state, 'ignored');
  const [, reopened] = (await host.ask('POST', `${path}/reopen`, { by: 'ada' })) as [number, ErrorGroup];
  assert.equal(reopened.state, 'open');

  for (const [method, wrong, body, status, message] of [
    ['GET', '/palantir/errors?state=new', undefined, 400, /^state: write one of open/],
    ['GET', '/palantir/errors?limit=0', undefined, 400, /^limit/],
    ['GET', '/palantir/errors/v1:no', undefined, 404, /no error v1:no/],
    ['POST', '/palantir/errors/v1:no/resolve', { by: 'ada' }, 404, /no error/],
    ['POST', `${path}/resolve`, undefined, 400, /^by/],
    ['POST', `${path}/resolve`, { by: ' ' }, 400, /^by/],
    ['POST', `${path}/resolve`, { by: 'ada', version: 7 }, 400, /^version/],
    ['POST', `${path}/ignore`, null, 400, /^by/],
  ] as const) {
    const [got, answer] = await host.ask(method, wrong, body);
    assert.equal(got, status, JSON.stringify(answer));
    assert.match((answer as { detail: string }).detail, message);
  }
});
