import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret, systemClock } from '@goblin/core';
import { findUnknown } from '../delivery/housekeeping.ts';
import { RunningRoute } from '../delivery/running-route.ts';
import { postmarkPeer, TOKEN } from '../fixtures/postmark-peer.ts';
import { smtpPeer } from '../fixtures/smtp-peer.ts';
import { testMail } from '../fixtures/test-mail.ts';
import { listSuppressions } from '../messages/suppression-list.ts';
import { mailTelemetry } from '../telemetry.ts';
import { postmark } from './postmark.ts';
import { smtp } from './smtp.ts';

test('a mail goes to Postmark as its API wants it, with our Message-ID and number', async () => {
  await using peer = await postmarkPeer();
  await using post = await testMail({ routes: [postmark({ token: TOKEN, api: peer.api })] });
  const { id } = await post.greet({
    to: 'Ada "Countess" <ada@example.com>',
    attachments: [{ filename: 'a.txt', content: 'hello', contentId: 'a' }],
  });
  const message = await post.settled(id, 'sent');
  assert.equal(message.providerId, 'pm-0');
  const mail = peer.mails[0]!;
  assert.equal(mail.From, '"Tests" <tests@goblin.example>');
  assert.equal(mail.To, '"Ada Countess" <ada@example.com>');
  assert.equal(mail.Subject, 'Hello Ada');
  assert.match(mail.TextBody, /Dear Ada/);
  assert.match(mail.HtmlBody, /style="color: #123456;"/);
  assert.equal(mail.MessageStream, 'outbound');
  assert.deepEqual(mail.Headers, [
    { Name: 'Message-ID', Value: message.messageId },
    { Name: 'X-PM-KeepID', Value: 'true' },
  ]);
  assert.equal(Buffer.from(mail.Attachments[0]!.Content, 'base64').toString(), 'hello');
  assert.deepEqual(mail.Metadata, { 'goblin-mail': String(id) });
});

const declining: readonly [string, { status: number; body: unknown }][] = [
  ['401, a wrong token', { status: 401, body: { ErrorCode: 10, Message: 'no' } }],
  ['422 405, no credits', { status: 422, body: { ErrorCode: 405, Message: 'Not allowed to send' } }],
  ['422 300, an invalid mail', { status: 422, body: { ErrorCode: 300, Message: 'Invalid' } }],
  ['429, too many', { status: 429, body: {} }],
  ['503, an outage', { status: 503, body: {} }],
];

for (const [name, answer] of declining) {
  test(`${name}: the other route sends it`, async () => {
    await using peer = await postmarkPeer();
    peer.answer = answer;
    await using second = await smtpPeer();
    await using post = await testMail({
      routes: [postmark({ token: TOKEN, api: peer.api }), smtp({ url: second.url })],
    });
    const { id } = await post.greet();
    assert.equal((await post.settled(id)).route, 'smtp');
    assert.equal(second.mails.length, 1);
  });
}

test('a provider that cannot be reached: the other route sends it', async () => {
  const { api, [Symbol.asyncDispose]: leave } = await postmarkPeer();
  await leave();
  await using second = await smtpPeer();
  await using post = await testMail({ routes: [postmark({ token: TOKEN, api }), smtp({ url: second.url })] });
  const { id } = await post.greet();
  const message = await post.settled(id);
  assert.equal(message.route, 'smtp');
  assert.match(message.attempts[0]!.answer, /ECONNREFUSED/);
});

test('an inactive recipient fails the mail, and gets no more', async () => {
  await using peer = await postmarkPeer();
  peer.answer = { status: 422, body: { ErrorCode: 406, Message: 'inactive' } };
  await using post = await testMail({ routes: [postmark({ token: TOKEN, api: peer.api })] });
  const { id } = await post.greet();
  assert.equal((await post.settled(id)).state, 'failed');
  assert.equal((await listSuppressions(post.db))[0]!.address, 'ada@example.com');
});

for (const answer of ['drop', { status: 500, body: {} }, { status: 502, body: 'x' }] as const) {
  test(`${answer === 'drop' ? 'a dropped answer' : answer.status}: whether it was sent is not known`, async () => {
    await using peer = await postmarkPeer();
    peer.answer = answer;
    await using second = await smtpPeer();
    await using post = await testMail({
      routes: [postmark({ token: TOKEN, api: peer.api }), smtp({ url: second.url })],
    });
    const { id } = await post.greet();
    assert.equal((await post.settled(id)).state, 'unknown');
    assert.equal(second.mails.length, 0);
  });
}

test('an unknown mail that the provider knows was sent; one that it does not know stays unknown', async () => {
  await using peer = await postmarkPeer();
  peer.answer = 'drop';
  const route = postmark({ token: TOKEN, api: peer.api });
  await using post = await testMail({ routes: [route] });
  const taken = await post.greet();
  await post.settled(taken.id, 'unknown');
  peer.answer = { status: 500, body: {} };
  const lost = await post.greet();
  await post.settled(lost.id, 'unknown');
  await post.db.query(`update goblin_mail.message set handed_over_at = handed_over_at - interval '1 minute'`);
  const { telemetry } = post;
  const setup = { log: telemetry.log, dkim: undefined, folder: post.folder };
  await findUnknown(post.db, new RunningRoute(route, setup, post.db, mailTelemetry(telemetry), systemClock));
  assert.equal((await post.get(taken.id)).state, 'sent');
  assert.match((await post.get(taken.id)).attempts.at(-1)!.answer, /knows it as pm-0/);
  assert.equal((await post.get(lost.id)).state, 'unknown');
});

test('what is too large for Postmark goes by the other route', async () => {
  await using peer = await postmarkPeer();
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [postmark({ token: TOKEN, api: peer.api }), smtp({ url: second.url })],
  });
  const { id } = await post.greet({ attachments: [{ filename: 'x', content: Buffer.alloc(7_500_000) }] });
  assert.equal((await post.settled(id)).route, 'smtp');
  assert.equal(peer.mails.length, 0);
});

test('the token is in no answer and no log', async () => {
  await using peer = await postmarkPeer();
  const token = new Secret('super-secret-token');
  await using post = await testMail({ routes: [postmark({ token, api: peer.api })] });
  const { id } = await post.greet({ expires: '100ms' });
  const message = await post.settled(id, 'failed');
  assert.doesNotMatch(JSON.stringify(message), /super-secret/);
});
