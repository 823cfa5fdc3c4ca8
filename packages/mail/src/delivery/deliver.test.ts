import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { type Clock, Secret, systemClock } from '@goblin/core';
import { smtpPeer, USER } from '../fixtures/smtp-peer.ts';
import { testMail, until } from '../fixtures/test-mail.ts';
import { listMails, resendMail, resolveMail } from '../messages/operate.ts';
import { listSuppressions, suppress, unsuppress } from '../messages/suppression-list.ts';
import type { Route } from '../routes/route.ts';
import { smtp } from '../routes/smtp.ts';

/** Sends through this as if nothing had happened, to see that the route lives. */
async function sendOne(post: Awaited<ReturnType<typeof testMail>>): Promise<void> {
  const { id } = await post.greet();
  await post.settled(id, 'sent');
}

test('a server that takes the mail and drops before its answer: the mail is unknown, listed, and not sent again', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [smtp({ name: 'first', url: peer.url }), smtp({ name: 'second', url: second.url })],
  });
  const { id } = await post.greet();
  const message = await post.settled(id);
  assert.equal(message.state, 'unknown');
  assert.equal(message.route, 'first');
  assert.deepEqual(
    (await listMails(post.db, { state: 'unknown' })).map((one) => one.id),
    [id],
  );
  // Its task has ended: nothing is left that could send it.
  await until(
    async () => (await post.db.one<{ n: number }>('select count(*) as n from goblin.task')).n === 0,
  );
  assert.equal(peer.mails.length, 1);
  assert.equal(second.mails.length, 0);
});

test('at-least-once: after a dropped answer it is sent again, by the same route and with the same Message-ID', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [smtp({ name: 'first', url: peer.url }), smtp({ name: 'second', url: second.url })],
  });
  const { id } = await post.greet({ policy: 'at-least-once' });
  await until(() => peer.mails.length === 1);
  peer.behaviour.atTheEnd = undefined;
  const message = await post.settled(id, 'sent');
  assert.equal(message.route, 'first');
  assert.equal(peer.mails.length, 2);
  assert.equal(second.mails.length, 0);
  const ids = peer.mails.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw.toString())![1]!.trim());
  assert.deepEqual(ids, [message.messageId, message.messageId]);
});

test('a connection that breaks within the content is a certain no: the other route sends it', async () => {
  await using peer = await smtpPeer({ dropAfterBytes: 1 });
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [smtp({ name: 'first', url: peer.url }), smtp({ name: 'second', url: second.url })],
  });
  const { id } = await post.greet({
    attachments: [{ filename: 'large', content: Buffer.alloc(4_000_000, 'x') }],
  });
  const message = await post.settled(id);
  assert.equal(message.state, 'sent');
  assert.deepEqual(
    message.attempts.map(({ route, outcome }) => [route, outcome]),
    [
      ['first', 'declined'],
      ['second', 'accepted'],
    ],
  );
});

const refusals: readonly [string, Parameters<typeof smtpPeer>[0]][] = [
  ['451 to the sender', { refuseMail: { code: 451, text: '4.3.0 later' } }],
  ['452 to the recipient', { refuseRecipient: () => ({ code: 452, text: '4.2.2 full' }) }],
  ['421 to the content', { refuseContent: { code: 421, text: '4.3.2 going down' } }],
  ['550 5.7.1, which is about the route', { refuseRecipient: () => ({ code: 550, text: '5.7.1 not you' }) }],
  ['554 to the content', { refuseContent: { code: 554, text: '5.6.0 not like this' } }],
];

for (const [name, behaviour] of refusals) {
  test(`${name}: the other route sends it, once`, async () => {
    await using first = await smtpPeer(behaviour);
    await using second = await smtpPeer();
    await using post = await testMail({
      routes: [smtp({ name: 'first', url: first.url }), smtp({ name: 'second', url: second.url })],
    });
    const { id } = await post.greet();
    const message = await post.settled(id);
    assert.equal(message.state, 'sent');
    assert.equal(message.route, 'second');
    assert.equal(first.mails.length, 0);
    assert.equal(second.mails.length, 1);
    assert.match(message.attempts[0]!.answer, /4\.|5\./);
  });
}

test('with one route, a 4xx is tried again until it is taken', async () => {
  await using peer = await smtpPeer({ refuseMail: { code: 451, text: '4.3.0 later' } });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet();
  await until(async () => (await post.get(id)).attempts.length >= 1);
  peer.behaviour.refuseMail = undefined;
  assert.equal((await post.settled(id, 'sent')).handovers, 1);
});

test('an address that does not exist fails for good, and gets no more mail', async () => {
  await using first = await smtpPeer({ refuseRecipient: () => ({ code: 550, text: '5.1.1 no such user' }) });
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [smtp({ name: 'first', url: first.url }), smtp({ name: 'second', url: second.url })],
  });
  const { id } = await post.greet({ to: 'Gone@example.com' });
  const message = await post.settled(id);
  assert.equal(message.state, 'failed');
  assert.equal(second.mails.length, 0);
  const list = await listSuppressions(post.db);
  assert.deepEqual(
    list.map(({ address, reason }) => [address, reason]),
    [['gone@example.com', 'bounce']],
  );
  const again = await post.greet({ to: 'gone@EXAMPLE.com' });
  assert.equal((await post.settled(again.id)).state, 'suppressed');
});

test('a bare 550 to the recipient fails the mail, and suppresses nobody', async () => {
  await using peer = await smtpPeer({ refuseRecipient: () => ({ code: 550, text: 'no' }) });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet();
  assert.equal((await post.settled(id)).state, 'failed');
  assert.deepEqual(await listSuppressions(post.db), []);
});

test('one of two recipients is turned down: the other one gets it, and it is written down', async () => {
  await using peer = await smtpPeer({
    refuseRecipient: (address) =>
      address.startsWith('gone') ? { code: 550, text: '5.1.1 no such user' } : undefined,
  });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet({ to: ['ada@example.com', 'gone@example.com'] });
  const message = await post.settled(id);
  assert.equal(message.state, 'sent');
  assert.match(message.attempts.at(-1)!.answer, /refused gone@example\.com: 550 5\.1\.1/);
  assert.deepEqual(peer.mails[0]!.to, ['ada@example.com']);
  assert.equal((await listSuppressions(post.db)).length, 1);
});

test('suppressed recipients are left out; with nobody left nothing is sent', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  await suppress(post.db, 'Bob@Example.com', 'complaint');
  const both = await post.greet({ to: ['ada@example.com', 'bob@example.com'] });
  assert.equal((await post.settled(both.id)).state, 'sent');
  assert.deepEqual(peer.mails[0]!.to, ['ada@example.com']);
  const one = await post.greet({ to: 'bob@example.com' });
  assert.equal((await post.settled(one.id)).state, 'suppressed');
  assert.equal(await unsuppress(post.db, 'bob@example.com'), true);
  const again = await post.greet({ to: 'bob@example.com' });
  assert.equal((await post.settled(again.id)).state, 'sent');
});

test('a wrong password: the other route sends it', async () => {
  await using first = await smtpPeer({}, { authOptional: false });
  await using second = await smtpPeer();
  const url = new Secret(`smtp://${USER}:wrong@127.0.0.1:${first.port}`);
  await using post = await testMail({
    routes: [smtp({ name: 'first', url }), smtp({ name: 'second', url: second.url })],
  });
  const { id } = await post.greet();
  const message = await post.settled(id);
  assert.equal(message.route, 'second');
  assert.match(message.attempts[0]!.answer, /535/);
  assert.doesNotMatch(JSON.stringify(message), /wrong/);
});

test('a password is not sent where there is no encryption, unless it is allowed', async () => {
  await using first = await smtpPeer();
  await using second = await smtpPeer();
  const url = new Secret(`smtp://${USER}:secret@goblin-nowhere.localhost:${first.port}`);
  await using post = await testMail({
    routes: [smtp({ name: 'first', url }), smtp({ name: 'second', url: second.url })],
  });
  const { id } = await post.greet();
  assert.equal((await post.settled(id)).route, 'second');
});

test('a server that says nothing at all: the other route sends it when the time is up', async () => {
  const silent: Server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [
      smtp({ name: 'first', url: new Secret(`smtp://127.0.0.1:${port}`), timeout: '200ms' }),
      smtp({ name: 'second', url: second.url }),
    ],
  });
  const { id } = await post.greet();
  const message = await post.settled(id);
  assert.equal(message.route, 'second');
  assert.equal(message.handovers, 1);
  silent.close();
});

test('a server that reads the mail and never answers: unknown when the time is up', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'silence' });
  await using post = await testMail({ routes: [smtp({ url: peer.url, timeout: '300ms' })] });
  const { id } = await post.greet();
  const message = await post.settled(id);
  assert.equal(message.state, 'unknown');
  assert.match(message.attempts.at(-1)!.answer, /did not answer in time/);
});

test('an unknown mail is resolved by hand: as sent it is done, as not sent it is sent', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const one = await post.greet();
  const other = await post.greet();
  await post.settled(one.id, 'unknown');
  await post.settled(other.id, 'unknown');
  await assert.rejects(resendMail(post.db, one.id), { code: 'FAILED_PRECONDITION' });
  peer.behaviour.atTheEnd = undefined;
  await resolveMail(post.db, one.id, 'sent', 'it is in the server log');
  await resolveMail(post.db, other.id, 'not-sent', 'it is not in the server log');
  assert.equal((await post.get(one.id)).state, 'sent');
  const message = await post.settled(other.id, 'sent');
  assert.equal(message.handovers, 2);
  assert.equal(peer.mails.length, 3);
  await assert.rejects(resolveMail(post.db, one.id, 'not-sent', 'again'), { code: 'FAILED_PRECONDITION' });
});

test('an unknown mail is sent again only by who allows that it arrives twice, and keeps its Message-ID', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet();
  const { messageId } = await post.settled(id, 'unknown');
  await assert.rejects(resendMail(post.db, id), {
    code: 'FAILED_PRECONDITION',
    message: /never to be sent twice: resolve it first, or allow/,
  });
  assert.equal((await post.get(id)).state, 'unknown');
  peer.behaviour.atTheEnd = undefined;
  assert.equal(await resendMail(post.db, id, { twice: true }), id);
  const message = await post.settled(id, 'sent');
  assert.deepEqual([message.handovers, message.messageId], [2, messageId]);
  assert.match(message.attempts.at(-2)!.answer, /although it may have been sent/);
  const ids = peer.mails.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw.toString())![1]!.trim());
  assert.deepEqual(ids, [messageId, messageId]);
});

test('of many who decide about an unknown mail at once, one does', async () => {
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet();
  await post.settled(id, 'unknown');
  peer.behaviour.atTheEnd = undefined;
  const settled = await Promise.allSettled(
    Array.from({ length: 5 }, () => resolveMail(post.db, id, 'not-sent', 'it is not in the log')),
  );
  const codes = settled.map((one) => (one.status === 'rejected' ? one.reason.code : 'decided')).sort();
  assert.deepEqual(codes, [...Array(4).fill('FAILED_PRECONDITION'), 'decided']);
  assert.equal((await post.settled(id, 'sent')).handovers, 2);
  assert.equal(peer.mails.length, 2);
});

test('a settled mail can be sent once more, as another one', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet({ key: 'k', attachments: [{ filename: 'a.txt', content: 'a' }] });
  const first = await post.settled(id, 'sent');
  const copy = await resendMail(post.db, id);
  const second = await post.settled(copy, 'sent');
  assert.deepEqual([second.key, second.resentFrom], ['k#2', id]);
  assert.notEqual(second.messageId, first.messageId);
  assert.equal((await post.settled(await resendMail(post.db, id), 'sent')).key, 'k#3');
  assert.match(peer.mails[1]!.raw.toString(), /a\.txt/);
});

test('a route that keeps failing is left alone, tried again after a rest, and used again', async () => {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, now: () => nowMs };
  await using first = await smtpPeer({ refuseMail: { code: 421, text: '4.3.2 down' } });
  await using second = await smtpPeer();
  await using post = await testMail({
    routes: [smtp({ name: 'first', url: first.url }), smtp({ name: 'second', url: second.url })],
    concurrency: 1,
    clock,
  });
  for (let index = 0; index < 6; index++) await sendOne(post);
  assert.equal(post.mailer.routes()[0]!.open, true);
  const tried = (await listMails(post.db))
    .flatMap(({ attempts }) => attempts)
    .filter(({ route }) => route === 'first');
  assert.equal(tried.length, 4);
  nowMs += 6_000;
  await sendOne(post);
  assert.equal(post.mailer.routes()[0]!.open, true);
  first.behaviour.refuseMail = undefined;
  nowMs += 6_000;
  await sendOne(post);
  assert.equal(first.mails.length, 0);
  nowMs += 6_000;
  await sendOne(post);
  assert.equal(first.mails.length, 1);
  assert.equal(post.mailer.routes()[0]!.open, false);
});

test('in quiet hours a mail waits for their end', async () => {
  let wallMs = Date.UTC(2026, 5, 1, 21, 30);
  const clock: Clock = { ...systemClock, wall: () => wallMs };
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })], clock });
  const quietHours = { from: '22:00', until: '07:00', zone: 'Europe/Berlin' };
  const { id } = await post.greet({ quietHours });
  await sendOne(post);
  const due = async (): Promise<number[]> =>
    (
      await post.db.many<{ ms: number }>(
        `select round(extract(epoch from due_at - enqueued_at) * 1000)::float8 as ms from goblin.task
         where kind = 'mail.deliver' and due_at > now() + interval '1 hour'`,
      )
    ).map(({ ms }) => ms);
  await until(async () => (await due()).length === 1);
  // 23:30 in Berlin: seven and a half hours.
  assert.deepEqual(await due(), [7.5 * 3_600_000]);
  assert.equal((await post.get(id)).state, 'queued');
  wallMs = Date.UTC(2026, 5, 2, 5, 0);
  await post.db.query(`update goblin.task set due_at = now() where kind = 'mail.deliver'`);
  await post.settled(id, 'sent');
});

test('a mail that nobody takes fails when it expires', async () => {
  await using peer = await smtpPeer({ refuseMail: { code: 451, text: '4.3.0 later' } });
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id } = await post.greet({ expires: '500ms' });
  const message = await post.settled(id);
  assert.equal(message.state, 'failed');
  assert.match(message.attempts.at(-1)!.answer, /before it expired/);
});

test('a rate holds over all that send, and what does not fit goes by the other route', async () => {
  await using peer = await smtpPeer();
  const { name, ...route } = smtp({ name: 'first', url: peer.url, rate: '20/s' });
  await using post = await testMail({ routes: [{ name, ...route } satisfies Route] });
  const startedMs = performance.now();
  const sent = await Promise.all(Array.from({ length: 20 }, () => post.greet()));
  for (const { id } of sent) await post.settled(id, 'sent');
  // The burst is two.
  assert.ok(performance.now() - startedMs > 850, `20 mails took ${performance.now() - startedMs} ms`);
});
