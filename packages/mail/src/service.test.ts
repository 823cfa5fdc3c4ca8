import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlatform } from '@goblin/mesh';
import { z } from 'zod';
import { mailService } from './fixtures/mail-service.ts';
import { greeting } from './fixtures/test-mail.ts';
import { resendMail } from './messages/operate.ts';
import { mailContract } from './procedures/index.ts';
import { html } from './templates/html.ts';
import { mail } from './templates/template.ts';

test('the preview shows examples and mails, and lets nothing in them act', async () => {
  const { definition, db } = mailService();
  await using platform = await testPlatform({ mail: definition });
  await platform.client(mailContract).routes({});
  const { id } = await db().transaction((tx) =>
    greeting.send(tx, { key: 'a', to: 'ada@example.com', data: { name: '<b>' } }),
  );
  const get = async (path: string): Promise<{ status: number; text: string; policy: string }> => {
    const answer = await platform.fetch('mail', path);
    return {
      status: answer.status,
      text: await answer.text(),
      policy: answer.headers.get('content-security-policy') ?? '',
    };
  };
  const overview = await get('/mail');
  assert.match(overview.text, /<a href="\/mail\/example\/tests\.greeting\/odd">tests\.greeting: odd<\/a>/);
  assert.match(overview.text, new RegExp(`<a href="/mail/sent/${id}">Hello &lt;b&gt;</a>`));
  const page = await get('/mail/example/tests.greeting/odd');
  assert.match(page.text, /<iframe sandbox title="HTML" src="\/mail\/example\/tests\.greeting\/odd\/html">/);
  assert.match(page.text, /<pre>Dear &lt;script&gt;/);
  assert.doesNotMatch(page.text, /<script/);
  assert.match(page.policy, /default-src 'none'/);
  const framed = await get('/mail/example/tests.greeting/odd/html');
  assert.match(framed.text, /Dear <b>&lt;script&gt;alert/);
  assert.match(framed.policy, /^sandbox; default-src 'none'/);
  assert.doesNotMatch(framed.policy, /allow-scripts|https:/);
  assert.match((await get(`/mail/sent/${id}`)).text, /Dear &lt;b&gt;/);
  assert.equal((await get(`/mail/sent/${id}/html`)).status, 200);
  for (const path of [
    '/mail/sent/999',
    '/mail/sent/x',
    '/mail/example/tests.greeting/nobody',
    '/mail/example/x/constructor',
  ])
    assert.equal((await get(path)).status, 404, path);
});

test('in production a mailer without a route does not start', async (t) => {
  const { definition } = mailService();
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  t.after(() => {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  });
  const starting = testPlatform({ mail: definition }).then(async (platform) => {
    await using _platform = platform;
    await platform.client(mailContract).routes({});
  });
  await assert.rejects(starting, { code: 'CONFIG_INVALID', message: /no route for its mails/ });
});

test('two services of one database do not see each other’s mails', async () => {
  const one = mailService();
  const other = mailService();
  await using platform = await testPlatform({ one: one.definition, other: other.definition });
  await platform.fetch('one', '/mail');
  await platform.fetch('other', '/mail');
  const { id } = await one
    .db()
    .transaction((tx) => greeting.send(tx, { key: 'a', to: 'ada@example.com', data: { name: 'Ada' } }));
  assert.equal((await one.db().many('select id from goblin_mail.message')).length, 1);
  assert.deepEqual(await other.db().many('select id from goblin_mail.message'), []);
  await assert.rejects(resendMail(other.db(), id), { code: 'NOT_FOUND' });
});

test('a template checks its name, its data and its size, and makes one line of a subject', async () => {
  assert.throws(() => mail('Receipt', {} as never), { code: 'INVALID_INPUT' });
  await assert.rejects(greeting.render({ name: 7 as never }), { code: 'INVALID_INPUT' });
  const large = mail('tests.large', {
    data: z.object({ name: z.string() }),
    subject: () => `a\r\nBcc: b${'x'.repeat(1_000)}`,
    text: ({ name }) => name.repeat(600_000),
    html: () => html`<p>x</p>`,
  });
  assert.equal((await large.render({ name: '' })).subject.slice(0, 9), 'a Bcc: bx');
  assert.equal((await large.render({ name: '' })).subject.length, 400);
  await assert.rejects(large.render({ name: 'x' }), { code: 'PAYLOAD_TOO_LARGE' });
});
