import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { isGoblinError, Secret, testTelemetry } from '@goblin/core';
import PostalMime from 'postal-mime';
import { type DirectMailer, directMailer } from './direct.ts';
import { smtpPeer } from './fixtures/smtp-peer.ts';
import { smtp } from './routes/smtp.ts';

const { signal } = new AbortController();
const MAIL = {
  from: 'Wall <wall@example.com>',
  to: ['ada@example.com', 'bob@example.com'],
  subject: 'tax is down',
  text: 'since 12:00',
  messageId: '<2@wall.example>',
  inReplyTo: '<1@wall.example>',
};

function mailerBy(...urls: Secret[]): DirectMailer {
  const routes = urls.map((url, i) => smtp({ name: `route${i}`, url, timeout: '2s' }));
  return directMailer({ routes, log: testTelemetry().log, folder: tmpdir() });
}

test('a mail goes out without a database, as an answer in its thread', async () => {
  await using server = await smtpPeer();
  await using mailer = mailerBy(server.url);
  await mailer.send(MAIL, signal);
  const [taken] = server.mails;
  assert.deepEqual(taken!.to, MAIL.to);
  const { messageId, inReplyTo, references, subject } = await PostalMime.parse(taken!.raw);
  assert.deepEqual(
    [messageId, inReplyTo, references, subject],
    [MAIL.messageId, MAIL.inReplyTo, MAIL.inReplyTo, MAIL.subject],
  );
});

test('where the first route is not there the next one takes it', async () => {
  await using server = await smtpPeer();
  await using mailer = mailerBy(new Secret('smtp://127.0.0.1:1'), server.url);
  await mailer.send(MAIL, signal);
  assert.equal(server.mails.length, 1);
});

test('a mail that may be on its way goes by no other route, and its sender is told', async () => {
  await using first = await smtpPeer({ atTheEnd: 'drop' });
  await using second = await smtpPeer();
  await using mailer = mailerBy(first.url, second.url);
  await assert.rejects(mailer.send(MAIL, signal), (error) => isGoblinError(error, 'UNAVAILABLE'));
  assert.deepEqual([first.mails.length, second.mails.length], [1, 0]);
});

test('a server that turns all recipients down is an error that sending again would not cure', async () => {
  await using server = await smtpPeer({ refuseRecipient: () => ({ code: 550, text: '5.1.1 nobody' }) });
  await using mailer = mailerBy(server.url);
  await assert.rejects(mailer.send(MAIL, signal), (error) => isGoblinError(error, 'INVALID_INPUT'));
});
