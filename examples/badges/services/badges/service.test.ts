import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, testPlatform } from 'goblin';
import { badges as contract } from './contract.ts';
import badges from './service.ts';

test('GET gives a picture that may be kept', async () => {
  await using platform = await testPlatform({ badges });
  const answer = await platform.fetch('badges', '/badges/build.svg?value=passing&colour=green');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'image/svg+xml; charset=utf-8');
  assert.match(answer.headers.get('cache-control') ?? '', /^public, max-age=3600/);
  assert.match(answer.headers.get('etag') ?? '', /^"[\w-]{22}"$/);
  assert.match(await answer.text(), /aria-label="build: passing"/);
});

test('who has the picture already is answered 304, without it', async () => {
  await using platform = await testPlatform({ badges });
  const path = '/badges/build.svg?value=passing';
  const etag = (await platform.fetch('badges', path)).headers.get('etag')!;
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await platform.fetch('badges', path, { headers: { 'if-none-match': known } });
    assert.deepEqual(
      [answer.status, await answer.text(), answer.headers.get('etag')],
      [304, '', etag],
      known,
    );
  }
  const other = await platform.fetch('badges', path, { headers: { 'if-none-match': '"other"' } });
  assert.equal(other.status, 200);
});

test('HEAD gives the same headers and no picture', async () => {
  await using platform = await testPlatform({ badges });
  const path = '/badges/build.svg?value=passing';
  const head = await platform.fetch('badges', path, { method: 'HEAD' });
  const get = await platform.fetch('badges', path);
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
  assert.equal(head.headers.get('etag'), get.headers.get('etag'));
});

test('the tag changes with the picture, and only with it', async () => {
  await using platform = await testPlatform({ badges });
  const { render } = platform.client(contract);
  const badge = { label: 'build', value: 'passing', colour: 'green' };
  const { tag } = await render(badge);
  assert.equal((await render({ ...badge, colour: '#2F7D32' })).tag, tag);
  for (const other of [{ label: 'test' }, { value: 'failing' }, { colour: 'red' }]) {
    assert.notEqual((await render({ ...badge, ...other })).tag, tag);
  }
});

test('what cannot be drawn is refused with a reason', async () => {
  await using platform = await testPlatform({ badges });
  const long = 'x'.repeat(101);
  for (const query of [
    '',
    'value=',
    `value=${long}`,
    'value=a%00b',
    'value=a&colour=url(x)',
    'value=a&label=',
  ]) {
    const answer = await platform.fetch('badges', `/badges/build.svg?${query}`);
    const problem = (await answer.json()) as { code: string };
    assert.deepEqual([answer.status, problem.code], [400, 'INVALID_INPUT'], query);
  }
  await assert.rejects(platform.client(contract).render({ label: 'a', value: '\uFFFE' }), (error) =>
    isGoblinError(error, 'INVALID_INPUT'),
  );
});

test('a label in any script is drawn', async () => {
  await using platform = await testPlatform({ badges });
  const answer = await platform.fetch(
    'badges',
    `/badges/x.svg?label=${encodeURIComponent('状態')}&value=%E2%9C%93`,
  );
  assert.match(await answer.text(), /状態: ✓/);
});
