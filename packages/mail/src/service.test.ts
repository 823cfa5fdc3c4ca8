import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, serve } from '@goblin/core';
import { type Database, postgres } from '@goblin/data';
import { testPlatform } from '@goblin/mesh';
import { z } from 'zod';
import { mailContract, mailHandlers } from './contract.ts';
import { smtpPeer } from './fixtures/smtp-peer.ts';
import { greeting, until } from './fixtures/test-mail.ts';
import { mailer } from './mailer.ts';
import { resendMail } from './messages/operate.ts';
import { mailPreview } from './preview.ts';
import { smtp } from './routes/smtp.ts';
import { html } from './templates/html.ts';
import { mail } from './templates/template.ts';

/** A service that greets, operates its mails by `mail.v1`, and shows them. */
function mailService(routes: Parameters<typeof mailer>[1]['routes']) {
  let database: Database;
  const definition = serve(
    mailContract,
    async (app) => {
      database = await app.use(postgres());
      const running = await mailer(app, {
        db: database,
        from: 'tests@goblin.example',
        ...(routes && { routes }),
      });
      return mailHandlers(running);
    },
    { routes: mailPreview([greeting], { db: () => database }) },
  );
  return { definition, db: () => database };
}

test('mails are operated by the procedures of mail.v1', async () => {
  await using peer = await smtpPeer();
  const { definition, db } = mailService([smtp({ name: 'first', url: peer.url })]);
  await using platform = await testPlatform({ mail: definition });
  const call = platform.client(mailContract);
  assert.deepEqual(await call.routes({}), { routes: [{ name: 'first', health: 1, open: false }] });
  const { id } = await db().transaction((tx) =>
    greeting.send(tx, { key: 'a', to: 'Ada <ada@example.com>', data: { name: 'Ada' } }),
  );
  await until(async () => (await call.get({ id })).state === 'sent');
  const { mails } = await call.list({ state: 'sent', recipient: 'ADA@example.com' });
  assert.deepEqual(
    mails.map((one) => [one.id, one.kind, one.subject, one.to, one.answer]),
    [[id, 'tests.greeting', 'Hello Ada', [{ name: 'Ada', address: 'ada@example.com' }], '250 2.0.0 taken']],
  );
  assert.deepEqual((await call.list({ recipient: 'bob@example.com' })).mails, []);
  assert.match((await call.get({ id })).text, /Dear Ada/);
  const { id: copy } = await call.resend({ id });
  await until(async () => (await call.get({ id: copy })).state === 'sent');
  assert.equal(peer.mails.length, 2);
  await assert.rejects(call.resolve({ id, as: 'sent', why: 'x' }), (error) =>
    isGoblinError(error, 'FAILED_PRECONDITION'),
  );
  await assert.rejects(call.get({ id: 999 }), (error) => isGoblinError(error, 'NOT_FOUND'));
  await call.suppress({ address: 'Bob@example.com' });
  assert.equal((await call.suppressions({})).addresses[0]!.address, 'bob@example.com');
  assert.deepEqual(await call.unsuppress({ address: 'bob@example.com' }), { wasListed: true });
});

test('the preview shows examples and mails, and lets nothing in them act', async () => {
  const { definition, db } = mailService(undefined);
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
  const { definition } = mailService(undefined);
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
  const one = mailService(undefined);
  const other = mailService(undefined);
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
