import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '@goblin/core';
import { createTransport } from 'nodemailer';
import { smtpPeer } from '../fixtures/smtp-peer.ts';
import { testMail } from '../fixtures/test-mail.ts';
import { listSuppressions } from '../messages/suppression-list.ts';
import { smtp } from '../routes/smtp.ts';
import { parseDeliveryReport, receiveDeliveryReport } from './delivery-report.ts';
import { postmarkWebhook } from './postmark-webhook.ts';

const SECRET = new Secret('webhook password');

function hook(body: unknown, password = 'webhook password'): Request {
  return new Request('http://mail.example/mail/postmark', {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`goblin:${password}`).toString('base64')}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

test('webhooks of Postmark: a delivery resolves an unknown mail, bounces and complaints suppress', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const receive = postmarkWebhook(post.db, SECRET);
  const { id } = await post.greet();
  await post.settled(id, 'unknown');
  const Metadata = { 'goblin-mail': String(id) };
  const delivery = { RecordType: 'Delivery', Recipient: 'ada@example.com', Details: '250 ok', Metadata };
  assert.equal((await receive(hook(delivery))).status, 200);
  const delivered = await post.get(id);
  assert.equal(delivered.state, 'sent');
  assert.ok(delivered.deliveredAt);
  const bounce = {
    RecordType: 'Bounce',
    Type: 'HardBounce',
    Email: 'Ada@example.com',
    Description: 'gone',
    Metadata,
  };
  assert.equal((await receive(hook(bounce))).status, 200);
  assert.equal((await receive(hook(bounce))).status, 200);
  const bounced = await post.get(id);
  assert.ok(bounced.bouncedAt);
  assert.equal(bounced.attempts.filter(({ outcome }) => outcome === 'bounced').length, 1);
  await receive(hook({ RecordType: 'Bounce', Type: 'SoftBounce', Email: 'soft@example.com' }));
  await receive(hook({ RecordType: 'SpamComplaint', Email: 'angry@example.com' }));
  await receive(
    hook({ RecordType: 'SubscriptionChange', Recipient: 'left@example.com', SuppressSending: true }),
  );
  await receive(hook({ RecordType: 'Open', Recipient: 'curious@example.com' }));
  assert.deepEqual(
    (await listSuppressions(post.db)).map(({ address, reason }) => [address, reason]),
    [
      ['left@example.com', 'unsubscribe'],
      ['angry@example.com', 'complaint'],
      ['ada@example.com', 'bounce'],
    ],
  );
});

test('a webhook without the password, or that is none, changes nothing', async () => {
  await using post = await testMail({});
  const receive = postmarkWebhook(post.db, SECRET);
  const complaint = { RecordType: 'SpamComplaint', Email: 'ada@example.com' };
  assert.equal((await receive(hook(complaint, 'wrong'))).status, 401);
  assert.equal((await receive(new Request('http://x/', { method: 'POST', body: '{}' }))).status, 401);
  assert.equal((await receive(hook('{'))).status, 400);
  assert.equal((await receive(hook('null'))).status, 400);
  assert.equal((await receive(hook(`{"a":"${'x'.repeat(300_000)}"}`))).status, 400);
  assert.equal((await receive(hook({ RecordType: 'Bounce', Email: 7, Metadata: 'x' }))).status, 200);
  assert.deepEqual(await listSuppressions(post.db), []);
});

function report(messageId: string, recipient: string, status = '5.1.1', action = 'failed'): string {
  return [
    'From: MAILER-DAEMON@mx.example.com',
    'Subject: Undelivered Mail Returned to Sender',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'I am sorry.',
    '--b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.com',
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    `Action: ${action}`,
    `Status: ${status}`,
    'Diagnostic-Code: smtp; 550 no such user',
    '',
    '--b',
    'Content-Type: message/rfc822',
    '',
    `Message-ID: ${messageId}`,
    'Subject: Hello Ada',
    '',
    '--b--',
    '',
  ].join('\r\n');
}

test('a report of a failed delivery marks the mail, resolves it, and suppresses an address that is gone', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet({ to: ['ada@example.com', 'bob@example.com'] });
  const { messageId } = await post.settled(id, 'unknown');
  assert.equal(await receiveDeliveryReport(post.db, Buffer.from(report(messageId!, 'ADA@example.com'))), 1);
  assert.equal(
    await receiveDeliveryReport(post.db, Buffer.from(report(messageId!, 'bob@example.com', '5.2.2'))),
    1,
  );
  const message = await post.get(id);
  assert.equal(message.state, 'sent');
  assert.ok(message.bouncedAt);
  assert.deepEqual(
    (await listSuppressions(post.db)).map(({ address }) => address),
    ['ada@example.com'],
  );
});

test('a report that a server sends back by SMTP counts as it arrives', async () => {
  await using peer = await smtpPeer();
  await using mailbox = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet();
  const { messageId } = await post.settled(id, 'sent');
  await createTransport({ host: '127.0.0.1', port: mailbox.port }).sendMail({
    // Reports have no sender, so that nobody answers them.
    envelope: { from: '', to: ['tests@goblin.example'] },
    raw: report(messageId!, 'ada@example.com').replace('I am sorry.', '.I am sorry.\r\n.'),
  });
  const [arrived] = mailbox.mails;
  assert.equal(await receiveDeliveryReport(post.db, arrived!.raw), 1);
  assert.ok((await post.get(id)).bouncedAt);
  assert.deepEqual(
    (await listSuppressions(post.db)).map(({ address, reason }) => [address, reason]),
    [['ada@example.com', 'bounce']],
  );
});

test('a report about a mail that was not sent, or about somebody else, counts for nothing', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet();
  const { messageId } = await post.settled(id, 'sent');
  assert.equal(await receiveDeliveryReport(post.db, Buffer.from(report('<forged@x>', 'ada@example.com'))), 0);
  assert.equal(await receiveDeliveryReport(post.db, Buffer.from(report(messageId!, 'eve@example.com'))), 0);
  assert.equal(
    await receiveDeliveryReport(
      post.db,
      Buffer.from(report(messageId!, 'ada@example.com', '4.4.1', 'delayed')),
    ),
    0,
  );
  assert.deepEqual(await listSuppressions(post.db), []);
  assert.equal((await post.get(id)).bouncedAt, null);
});

test('bytes that are no report are none, whatever they are (2,000 mutations)', () => {
  const whole = Buffer.from(report('<a@b>', 'ada@example.com'));
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % below;
  };
  for (let round = 0; round < 2_000; round++) {
    const bytes = Buffer.from(whole);
    for (let change = 0; change <= random(8); change++) bytes[random(bytes.length)] = random(256);
    const parsed = parseDeliveryReport(bytes.subarray(random(10) === 0 ? random(bytes.length) : 0));
    assert.ok(parsed === undefined || (parsed.recipients.length > 0 && parsed.messageId.startsWith('<')));
  }
  const long = Buffer.from(
    `Content-Type: multipart/report\nContent-Type: message/delivery-status\n${'a: '.repeat(500_000)}`,
  );
  assert.equal(parseDeliveryReport(long), undefined);
});
