import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Contract, type Handlers, procedureService, testTelemetry } from '@goblin/core';
import { type Database, operatorDatabase } from '@goblin/data';
import { testPlatform } from '@goblin/mesh';
import { mailService } from '../fixtures/mail-service.ts';
import { smtpPeer } from '../fixtures/smtp-peer.ts';
import { greeting, until } from '../fixtures/test-mail.ts';
import { installMail } from '../mail-schema.ts';
import { smtp } from '../routes/smtp.ts';
import { mailContract } from './contract.ts';
import { mailProcedures } from './mail-procedures.ts';

test('mails are operated by the procedures of mail.v1', async () => {
  await using peer = await smtpPeer();
  const { definition, db } = mailService([smtp({ name: 'first', url: peer.url })]);
  await using platform = await testPlatform({ mail: definition });
  const call = platform.client(mailContract);
  const { id } = await db().transaction((tx) =>
    greeting.send(tx, { key: 'a', to: 'Ada <ada@example.com>', data: { name: 'Ada' } }),
  );
  await until(async () => (await call.get({ id })).state === 'sent');
  const { mails } = await call.listFull({ state: 'sent', recipient: 'ADA@example.com' });
  assert.deepEqual(
    mails.map((one) => [one.id, one.kind, one.subject, one.to, one.answer]),
    [[id, 'tests.greeting', 'Hello Ada', [{ name: 'Ada', address: 'ada@example.com' }], '250 2.0.0 taken']],
  );
  const none = [
    { recipient: 'bob@example.com' },
    { key: 'b' },
    { since: '2999-01-01T00:00:00Z' },
    { tenant: 'x' },
  ];
  for (const filter of none) assert.deepEqual((await call.list(filter)).mails, []);
  assert.match((await call.content({ id })).text, /Dear Ada/);
  const { id: copy } = await call.resend({ id });
  await until(async () => (await call.get({ id: copy })).state === 'sent');
  assert.equal(peer.mails.length, 2);
  const failed = { code: 'FAILED_PRECONDITION' };
  await assert.rejects(call.resolve({ id, as: 'sent', why: 'x' }), failed);
  await assert.rejects(call.get({ id: 999 }), { code: 'NOT_FOUND' });
  await assert.rejects(call.list({ owner: 'nobody' }), { code: 'NOT_FOUND' });
  const owners = ['mail'];
  assert.deepEqual(await call.suppress({ address: 'Bob@example.com', detail: 'told bob@example.com' }), {
    owners,
  });
  const [bob] = (await call.suppressionsFull({ address: 'BOB@example.com' })).addresses;
  assert.deepEqual([bob!.address, bob!.detail], ['bob@example.com', 'told bob@example.com']);
  assert.deepEqual(await call.unsuppress({ address: 'bob@example.com' }), { owners });
  assert.deepEqual(await call.unsuppress({ address: 'bob@example.com' }), { owners: [] });
});

test('lists name nobody unless they are asked to', async () => {
  await using peer = await smtpPeer({ refuseRecipient: () => ({ code: 550, text: '5.1.1 no such user' }) });
  const { definition, db } = mailService([smtp({ url: peer.url })]);
  await using platform = await testPlatform({ mail: definition });
  const call = platform.client(mailContract);
  await call.routes({});
  const { id } = await db().transaction((tx) =>
    greeting.send(tx, { key: 'to ada@example.com', to: 'Ada <ada@example.com>', data: { name: 'Ada' } }),
  );
  await until(async () => (await call.get({ id })).state === 'failed');
  const listed = JSON.stringify([await call.list({}), await call.suppressions({})]);
  assert.doesNotMatch(listed, /Ada|ada@/);
  assert.match(listed, /"key":"to a\*\*\*@example\.com"/);
  assert.match(listed, /refused a\*\*\*@example\.com: 550 5\.1\.1/);
  const { mails } = await call.listFull({});
  assert.deepEqual([mails[0]!.subject, mails[0]!.key], ['Hello Ada', 'to ada@example.com']);
});

test('pages of mails and of suppressed addresses follow each other', async () => {
  const { definition, db } = mailService();
  await using platform = await testPlatform({ mail: definition });
  const call = platform.client(mailContract);
  await call.routes({});
  for (const n of [1, 2, 3]) {
    await db().transaction((tx) =>
      greeting.send(tx, { key: `${n}`, to: 'ada@example.com', data: { name: 'Ada' } }),
    );
    await call.suppress({ address: `${n}@example.com` });
  }
  const { mails } = await call.list({ limit: 2 });
  const rest = await call.list({ limit: 2, before: mails.at(-1)!.id });
  assert.deepEqual(
    [...mails, ...rest.mails].map(({ key }) => key),
    ['3', '2', '1'],
  );
  const { addresses } = await call.suppressionsFull({ limit: 2 });
  const others = await call.suppressionsFull({ limit: 2, before: addresses.at(-1)!.id });
  assert.deepEqual(
    [...addresses, ...others.addresses].map(({ address }) => address),
    ['3@example.com', '2@example.com', '1@example.com'],
  );
});

/** The procedures as the owner of the database calls them, through the checks of the contract. */
function asOwner(db: Database) {
  const service = procedureService(
    mailContract as Contract,
    mailProcedures(db) as Handlers<Contract>,
    testTelemetry(),
  );
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of several kinds
  return (name: keyof typeof mailContract.procedures, input: object): Promise<any> =>
    service({ procedure: mailContract.procedures[name], input });
}

test('an owner of the database operates the mails of all services, each as its own role', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'goblin-mail-'));
  await chmod(dataFolder, 0o711);
  after(() => rm(dataFolder, { recursive: true }));
  await using owner = await operatorDatabase({ dataFolder, url: undefined, telemetry: testTelemetry() });
  await installMail(owner);
  await assert.rejects(asOwner(owner)('suppress', { address: 'eve@example.com' }), { code: 'NOT_FOUND' });
  await using peer = await smtpPeer({ atTheEnd: 'drop' });
  const one = mailService([smtp({ url: peer.url, rate: '50/s' })]);
  const two = mailService();
  await using platform = await testPlatform({ one: one.definition, two: two.definition }, { dataFolder });
  for (const name of ['one', 'two']) await platform.fetch(name, '/mail');
  const send = ({ db }: typeof one) =>
    db().transaction((tx) => greeting.send(tx, { key: 'k', to: 'ada@example.com', data: { name: 'Ada' } }));
  const mine = await send(one);
  const theirs = await send(two);
  const call = asOwner(owner);
  const state = async (id: number): Promise<string> => (await call('get', { id })).state;
  await until(async () => (await state(mine.id)) === 'unknown' && (await state(theirs.id)) === 'sent');
  const listed = async (filter: object): Promise<unknown> =>
    (await call('list', filter)).mails.map((mail: { owner: string; id: number }) => [mail.owner, mail.id]);
  assert.deepEqual(await listed({ key: 'k' }), [
    ['two', theirs.id],
    ['one', mine.id],
  ]);
  assert.deepEqual(await listed({ owner: 'two' }), [['two', theirs.id]]);
  assert.deepEqual(await listed({ state: 'unknown' }), [['one', mine.id]]);
  peer.behaviour.atTheEnd = undefined;
  await call('resolve', { id: mine.id, as: 'not-sent', why: 'it is not in the log' });
  await until(async () => (await state(mine.id)) === 'sent');
  const { id: copy } = await call('resend', { id: theirs.id });
  await until(async () => (await state(copy)) === 'sent');
  assert.deepEqual(await listed({ owner: 'two' }), [
    ['two', copy],
    ['two', theirs.id],
  ]);
  assert.deepEqual(await call('suppress', { address: 'eve@example.com' }), { owners: ['one', 'two'] });
  assert.deepEqual(await call('unsuppress', { owner: 'one', address: 'eve@example.com' }), {
    owners: ['one'],
  });
  const { addresses } = await call('suppressions', {});
  assert.deepEqual(
    [addresses.length, addresses[0].owner, addresses[0].address],
    [1, 'two', 'e***@example.com'],
  );
  const { routes } = await call('routes', {});
  assert.deepEqual(
    routes.map((route: { owner: string; name: string; rate: string | null }) => [
      route.owner,
      route.name,
      route.rate,
    ]),
    [
      ['one', 'smtp', '50/s'],
      ['two', 'outbox', null],
    ],
  );
  // A service that serves the same procedures reaches its own mails only.
  const service = asOwner(two.db());
  assert.deepEqual(
    (await service('list', {})).mails.map((mail: { owner: string }) => mail.owner),
    ['two', 'two'],
  );
  await assert.rejects(service('get', { id: mine.id }), { code: 'NOT_FOUND' });
  await assert.rejects(service('resend', { id: mine.id }), { code: 'NOT_FOUND' });
});
