import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { context, Secret } from '@goblin/core';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import PostalMime from 'postal-mime';
import { PASSWORD, smtpPeer, USER } from './fixtures/smtp-peer.ts';
import { greeting, testMail } from './fixtures/test-mail.ts';
import { resendMail } from './messages/operate.ts';
import { smtp } from './routes/smtp.ts';

test('a mail arrives with text, styled HTML and what its headers should say', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const { id, isNew } = await post.greet({
    to: ['Ada Löv <ada@example.com>', { address: 'bob@example.com' }],
    cc: 'carol@example.com',
    bcc: 'dan@example.com',
    replyTo: 'answers@goblin.example',
    unsubscribe: 'https://goblin.example/leave/1',
  });
  assert.equal(isNew, true);
  const message = await post.settled(id);
  assert.equal(message.state, 'sent');
  assert.equal(message.route, 'smtp');
  const [taken, ...others] = peer.mails;
  assert.equal(others.length, 0);
  assert.equal(taken!.from, 'tests@goblin.example');
  assert.deepEqual(taken!.to, ['ada@example.com', 'bob@example.com', 'carol@example.com', 'dan@example.com']);
  const mail = await PostalMime.parse(taken!.raw);
  assert.deepEqual(mail.from, { name: 'Tests', address: 'tests@goblin.example' });
  assert.equal(mail.subject, 'Hello Ada');
  assert.equal(mail.to![0]!.name, 'Ada Löv');
  assert.equal(mail.bcc, undefined);
  assert.doesNotMatch(taken!.raw.toString(), /dan@example/);
  assert.equal(mail.replyTo![0]!.address, 'answers@goblin.example');
  assert.equal(mail.messageId, message.messageId);
  assert.match(message.messageId!, /^<[0-9a-f]{40}@goblin\.example>$/);
  assert.match(mail.text!, /Dear Ada,\s+how are you\?/);
  assert.match(mail.html!, /<p class="hello" style="color: #123456;">Dear <b>Ada<\/b>/);
  const headers = new Map(mail.headers.map(({ key, value }) => [key, value]));
  assert.equal(headers.get('list-unsubscribe'), '<https://goblin.example/leave/1>');
  assert.equal(headers.get('list-unsubscribe-post'), 'List-Unsubscribe=One-Click');
});

test('the same kind and key is the same mail, also when it has been sent', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const first = await post.greet({ key: 'same' });
  const [second, third] = await Promise.all([post.greet({ key: 'same' }), post.greet({ key: 'same' })]);
  await post.settled(first.id, 'sent');
  const last = await post.greet({ key: 'same' });
  assert.deepEqual([second, third, last], Array(3).fill({ id: first.id, isNew: false }));
  const other = await post.greet();
  await post.settled(other.id, 'sent');
  assert.equal(peer.mails.length, 2);
});

test('the same kind and key of two tenants, and of none, are different mails with different Message-IDs', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const as = (tenant: string | undefined): ReturnType<typeof post.greet> =>
    context.run({ tenant }, () => post.greet({ key: 'order-1', data: { name: tenant ?? 'nobody' } }));
  const tenants = ['red', 'blue', undefined];
  const first = [];
  for (const tenant of tenants) first.push(await as(tenant));
  const again = await Promise.all(tenants.map(as));
  assert.deepEqual(
    first.map(({ isNew }) => isNew),
    [true, true, true],
  );
  assert.deepEqual(
    again,
    first.map(({ id }) => ({ id, isNew: false })),
  );
  const sent = [];
  for (const { id } of first) sent.push(await post.settled(id, 'sent'));
  assert.deepEqual(
    sent.map(({ tenant, subject }) => [tenant, subject]),
    [
      ['red', 'Hello red'],
      ['blue', 'Hello blue'],
      [null, 'Hello nobody'],
    ],
  );
  assert.equal(new Set(sent.map(({ messageId }) => messageId)).size, 3);
  assert.equal(peer.mails.length, 3);
  const copy = await post.settled(await resendMail(post.db, first[0]!.id), 'sent');
  assert.deepEqual([copy.tenant, copy.key], ['red', 'order-1#2']);
});

test('a mail of a transaction that was rolled back is not sent', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const sending = post.db.transaction(async (tx) => {
    await greeting.send(tx, { key: 'rolled back', to: 'ada@example.com', data: { name: 'Ada' } });
    throw new Error('no');
  });
  await assert.rejects(sending, /no/);
  const { id } = await post.greet();
  await post.settled(id, 'sent');
  assert.equal(peer.mails.length, 1);
  assert.equal((await post.db.one<{ n: number }>('select count(*) as n from goblin_mail.message')).n, 1);
});

test('attachments arrive byte for byte, streamed through the table in pieces', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  const random = Buffer.alloc(700_000);
  for (let at = 0; at < random.length; at++) random[at] = (at * 7919) >> 3;
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < random.length; at += 50_000) yield random.subarray(at, at + 50_000);
  }
  const { id } = await post.greet({
    attachments: [
      { filename: 'Rechnung für Ada.pdf', content: stream(), contentType: 'application/pdf' },
      { filename: 'empty.txt', content: '' },
    ],
  });
  await post.settled(id, 'sent');
  const pieces = await post.db.one<{ n: number; largest: number }>(
    'select count(*) as n, max(length(bytes)) as largest from goblin_mail.attachment_piece',
  );
  assert.deepEqual(pieces, { n: 3, largest: 262_144 });
  const { attachments } = await PostalMime.parse(peer.mails[0]!.raw);
  assert.deepEqual(
    attachments.map(({ filename, mimeType }) => [filename, mimeType]),
    [
      ['Rechnung für Ada.pdf', 'application/pdf'],
      ['empty.txt', 'application/octet-stream'],
    ],
  );
  const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  assert.equal(sha(new Uint8Array(attachments[0]!.content as ArrayBuffer)), sha(random));
});

test('attachments that are too large are refused, and nothing is kept', async () => {
  await using peer = await smtpPeer();
  await using post = await testMail({ routes: [smtp({ url: peer.url })] });
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(1_000_000);
  }
  await assert.rejects(post.greet({ attachments: [{ filename: 'x', content: endless() }] }), {
    code: 'PAYLOAD_TOO_LARGE',
  });
  assert.equal((await post.db.one<{ n: number }>('select count(*) as n from goblin_mail.message')).n, 0);
});

test('what goes out by SMTP is signed by DKIM, as a verifier of others sees it', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const key = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  await using peer = await smtpPeer();
  await using post = await testMail({
    routes: [smtp({ url: peer.url })],
    dkim: { domain: 'goblin.example', selector: 's1', key },
  });
  const { id } = await post.greet({
    attachments: [{ filename: 'a.txt', content: 'a\n.\n..b\n' }],
    unsubscribe: 'https://goblin.example/leave/1',
  });
  await post.settled(id, 'sent');
  const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
  const resolver = async (name: string): Promise<string[][]> => {
    assert.equal(name, 's1._domainkey.goblin.example');
    return [[record]];
  };
  const { results } = await dkimVerify(peer.mails[0]!.raw, { resolver });
  assert.deepEqual(
    results.map(({ status, signingDomain }) => [status.result, signingDomain]),
    [['pass', 'goblin.example']],
  );
  // Without these, mail programs show no button to unsubscribe (RFC 8058).
  const { keys } = results[0]!.signingHeaders as { keys: string };
  for (const header of ['from', 'subject', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post'])
    assert.match(keys.toLowerCase(), new RegExp(`(^|: ?)${header}(:|$)`));
});

test('a service that could not sign its mails does not start', async () => {
  const pem = (key: KeyObject): Secret => new Secret(String(key.export({ type: 'pkcs8', format: 'pem' })));
  const good = pem(generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey);
  const dkim = { domain: 'goblin.example', selector: 's1', key: good };
  for (const [wrong, message] of [
    [{ key: new Secret('sesame') }, /not an RSA private key/],
    [{ key: pem(generateKeyPairSync('ed25519').privateKey) }, /not an RSA private key/],
    [{ key: pem(generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey) }, /512 bits/],
    [{ domain: 'goblin.example; d=evil' }, /its domain/],
    [{ selector: '' }, /its selector/],
  ] as const)
    await assert.rejects(testMail({ dkim: { ...dkim, ...wrong } }), { code: 'CONFIG_INVALID', message });
});

test('it logs in where the URL has a password, and keeps the connection for the next mail', async () => {
  await using peer = await smtpPeer({}, { authOptional: false });
  const url = new Secret(`smtp://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${peer.port}`);
  await using post = await testMail({ routes: [smtp({ url })], concurrency: 1 });
  for (let index = 0; index < 5; index++) {
    const { id } = await post.greet();
    await post.settled(id, 'sent');
  }
  assert.equal(peer.mails.length, 5);
  assert.equal(peer.connections, 1);
});

test('with STARTTLS it sends to a server whose certificate is trusted, and to no other', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'goblin-mail-tls-'));
  t.after(() => rm(folder, { recursive: true }));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...made, ...name, '-keyout', keyFile, '-out', certFile], {
    stdio: 'ignore',
  });
  const [key, cert] = [await readFile(keyFile), await readFile(certFile, 'utf8')];
  await using secure = await smtpPeer({}, { key, cert });
  await using other = await smtpPeer();
  await using post = await testMail({
    routes: [
      smtp({ name: 'distrusted', url: secure.url }),
      smtp({ name: 'trusted', url: secure.url, ca: cert, plain: false }),
      smtp({ name: 'other', url: other.url }),
    ],
  });
  const { id } = await post.greet();
  const { route, attempts } = await post.settled(id, 'sent');
  assert.equal(route, 'trusted');
  assert.match(attempts[0]!.answer, /self-signed/);
  assert.match(secure.mails[0]!.raw.toString(), /Hello Ada/);
});

test('without a route mails stay on this machine, as files that mail programs open', async () => {
  await using post = await testMail({});
  const { id } = await post.greet();
  const { attempts, route } = await post.settled(id, 'sent');
  assert.equal(route, 'outbox');
  const file = /kept in (.*\.eml)$/.exec(attempts.at(-1)!.answer)![1]!;
  assert.ok(file.startsWith(post.folder));
  assert.equal((await PostalMime.parse(await readFile(file))).subject, 'Hello Ada');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});
