import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { userInfo } from 'node:os';
import { after, before, test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { type CliProject, cliProject, type Up, until } from './testing/cli-project.ts';

const CONTRACT = `import { contract } from 'goblin';
import { z } from 'zod';
export const shop = contract('shop.v1', {
  thank: { input: z.object({ to: z.string() }), output: z.object({ id: z.int() }) },
});
`;
const SERVICE = `import { postgres, secret, serve } from 'goblin';
import { mail, mailer, smtp } from 'goblin/mail';
import { z } from 'zod';
import { shop } from './contract.ts';
const thanks = mail('shop.thanks', {
  data: z.object({ name: z.string() }),
  subject: ({ name }) => \`Thank you, \${name}\`,
  text: ({ name }) => \`Dear \${name}, come again.\`,
});
export default serve(shop, async (app) => {
  const db = await app.use(postgres());
  const { SMTP_URL: url } = app.config({ SMTP_URL: secret() });
  await mailer(app, { db, from: 'shop@example.com', routes: [smtp({ name: 'main', url, rate: '20/s' })] });
  return {
    thank: ({ to }) => db.transaction((tx) =>
      thanks.send(tx, { key: 'for ' + to, to: { name: 'Ada', address: to }, data: { name: 'Ada' } })),
  };
});
`;

/** What a real server has taken. It drops the connection instead of its answer to mails for "lost" while `drops`, and there is no
 * "gone". */
const taken: string[] = [];
const sockets = new Set<Socket>();
let drops = true;
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  closeTimeout: 10,
  onRcptTo: ({ address }, _session, done) => {
    const refusal = Object.assign(new Error('5.1.1 no such user'), { responseCode: 550 });
    done(address.startsWith('gone') ? refusal : null);
  },
  onData(stream, session, done) {
    stream.resume().on('end', () => {
      const [recipient] = session.envelope.rcptTo;
      taken.push(recipient!.address);
      if (!drops || !recipient!.address.startsWith('lost')) return done(null, '2.0.0 taken');
      for (const socket of sockets) socket.destroy();
    });
  },
});
server.on('error', () => {});
server.server.on('connection', (socket: Socket) => sockets.add(socket));

let project: CliProject;
let up: Up;
/** The numbers of the mails, by the first part of their addresses. */
const ids: Record<string, number> = {};

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  project = cliProject(`    shop: { from: './services/shop', env: { SMTP_URL_FILE: 'smtp-url' } },\n`);
  project.write('smtp-url', `smtp://127.0.0.1:${port}`);
  project.write('services/shop/contract.ts', CONTRACT);
  project.write('services/shop/service.ts', SERVICE);
  up = await project.up();
  for (const name of ['ada', 'lost', 'gone']) {
    const input = JSON.stringify({ to: `${name}@example.com` });
    const { stdout, stderr } = await project.goblin('call', 'shop', 'thank', input);
    assert.equal(stderr, '');
    ids[name] = JSON.parse(stdout).id;
  }
  await until('all are settled', async () => (await states()).join() === 'failed,unknown,sent');
});
after(async () => {
  await up.stop();
  project[Symbol.dispose]();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

// biome-ignore lint/suspicious/noExplicitAny: what commands print
async function json(...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await project.goblin('mail', ...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

async function states(): Promise<string[]> {
  return (await json('ls')).map((mail: { state: string }) => mail.state);
}

function id(name: string): string {
  return String(ids[name]);
}

test('mail ls shows the newest first, and names nobody unless it is asked to', async () => {
  const { stdout } = await project.goblin('mail', 'ls');
  assert.match(stdout, /^ID\s+KIND\s+KEY\s+STATE\s+TO\s+ROUTE\s+WRITTEN\s+WHAT\n/);
  assert.match(
    stdout,
    /\n\d+\s+shop\.thanks\s+for l\*\*\*@example\.com\s+unknown\s+l\*\*\*@example\.com\s+main\s/,
  );
  assert.doesNotMatch(stdout, /Ada|ada@|lost@|gone@/);
  assert.doesNotMatch(JSON.stringify(await json('ls')), /Ada|ada@|lost@|gone@/);
  const full = await project.goblin('mail', 'ls', '--full', '--state', 'sent');
  assert.match(full.stdout, /for ada@example\.com\s+sent\s+Ada <ada@example\.com>\s+Thank you, Ada\s+main/);
});

test('mail ls takes filters, and pages', async () => {
  const listed = async (...args: string[]): Promise<unknown> =>
    (await json('ls', ...args)).map((mail: { id: number }) => mail.id);
  assert.deepEqual(await listed('--state', 'unknown'), [ids.lost]);
  assert.deepEqual(await listed('--to', 'Gone@example.com'), [ids.gone]);
  assert.deepEqual(await listed('--kind', 'shop.other'), []);
  assert.deepEqual(await listed('--kind', 'shop.thanks', '--since', '1h', '--limit', '2'), [
    ids.gone,
    ids.lost,
  ]);
  assert.deepEqual(await listed('--before', id('lost')), [ids.ada]);
  assert.deepEqual(await listed('--since', '2999-01-01'), []);
  assert.equal((await project.goblin('mail', 'ls', '--since', '2999-01-01')).stdout, 'no mail matches\n');
  const { messageId } = await json('show', id('ada'));
  assert.deepEqual(await listed('--message-id', messageId), [ids.ada]);
});

test('mail show tells the attempts and the reason, and the text only with --full', async () => {
  const { stdout } = await project.goblin('mail', 'show', id('gone'));
  assert.match(stdout, /state\s+failed\nreason\s+550 5\.1\.1 no such user/);
  assert.match(stdout, /to\s+Ada <gone@example\.com>/);
  assert.match(stdout, /\nATTEMPT\s+ROUTE\s+OUTCOME\s+ANSWER\n.*\s+main\s+refused\s+550 5\.1\.1/);
  assert.doesNotMatch(stdout, /come again/);
  const full = await project.goblin('mail', 'show', id('ada'), '--full');
  assert.match(
    full.stdout,
    /Message-ID\s+<[0-9a-f]{40}@example\.com>[\s\S]*main\s+accepted\s+250 2\.0\.0 taken\n\nDear Ada, come again\./,
  );
  const missing = await project.goblin('mail', 'show', '999999');
  assert.deepEqual([missing.code, /there is no mail 999999/.test(missing.stderr)], [1, true]);
});

test('mail routes shows the rate, the health and the breaker of each route', async () => {
  const { stdout } = await project.goblin('mail', 'routes');
  assert.match(stdout, /^ROUTE\s+SERVICE\s+PROCESS\s+RATE\s+SENT\/MIN\s+HEALTH\s+BREAKER\s+FAILED\n/);
  assert.match(stdout, /\nmain\s+shop\s+shop-[0-9a-f]+\s+20\/s\s+\d+\s+\d+ %\s+closed\s/);
  const [route, ...others] = await json('routes');
  assert.deepEqual([route.name, route.open, others], ['main', false, []]);
});

test('mail resend refuses an unknown mail and says why; --yes-twice sends it again', async () => {
  const refused = await project.goblin('mail', 'resend', id('lost'));
  assert.equal(refused.code, 1);
  for (const said of [
    /may have been sent: main has got it, or may have, and no answer came/,
    new RegExp(
      `goblin mail resolve ${id('lost')} sent\\s+<[0-9a-f]{40}@example\\.com> is in the log of main`,
    ),
    new RegExp(`goblin mail resend ${id('lost')} --yes-twice`),
  ])
    assert.match(refused.stderr, said);
  assert.deepEqual(taken.filter((to) => to === 'lost@example.com').length, 1);
  const again = await project.goblin('mail', 'resend', id('lost'), '--yes-twice');
  assert.equal(again.stdout, `mail ${id('lost')} is sent again, under its own Message-ID\n`);
  await until('it is sent again', () => taken.filter((to) => to === 'lost@example.com').length === 2);
  await until('no answer came', async () => (await json('show', id('lost'))).state === 'unknown');
});

test('mail resolve settles an unknown mail, and remembers who said so and why', async () => {
  const resolved = await project.goblin('mail', 'resolve', id('lost'), 'sent', '--why', 'it is in the log');
  assert.equal(resolved.stdout, `mail ${id('lost')} is settled as sent\n`);
  const { state, answer } = await json('show', id('lost'));
  assert.deepEqual([state, answer], ['sent', `sent, says ${userInfo().username}: it is in the log`]);
  const once = await project.goblin('mail', 'resolve', id('lost'), 'not-sent');
  assert.deepEqual([once.code, /is not an unknown one/.test(once.stderr)], [1, true]);
});

test('mail resend copies a settled mail into a new one', async () => {
  drops = false;
  const { id: copy } = await json('resend', id('lost'));
  await until('the copy is sent', async () => (await json('show', String(copy))).state === 'sent');
  const { resentFrom, key } = await json('show', String(copy));
  assert.deepEqual([resentFrom, key], [ids.lost, 'for lost@example.com#2']);
});

test('mail suppress lists, adds and removes addresses', async () => {
  const bounced = await project.goblin('mail', 'suppress', 'ls');
  assert.match(
    bounced.stdout,
    /^ID\s+ADDRESS\s+SERVICE\s+REASON\s+SINCE\s+WHAT\n\d+\s+g\*\*\*@example\.com\s+shop\s+bounce\s/,
  );
  assert.doesNotMatch(bounced.stdout, /gone@/);
  const added = await project.goblin('mail', 'suppress', 'add', 'Eve@example.com', '--why', 'she asked');
  assert.equal(added.stdout, 'Eve@example.com gets no more mail from shop\n');
  const [eve, ...others] = await json('suppress', 'ls', 'eve@example.com', '--full');
  assert.deepEqual(
    [eve.address, eve.reason, eve.detail, others],
    ['eve@example.com', 'manual', 'she asked', []],
  );
  const removed = await project.goblin('mail', 'suppress', 'rm', 'eve@example.com');
  assert.equal(removed.stdout, 'eve@example.com gets mail from shop again\n');
  const twice = await project.goblin('mail', 'suppress', 'rm', 'eve@example.com');
  assert.deepEqual([twice.code, twice.stdout], [1, 'eve@example.com was not suppressed\n']);
  const strange = await project.goblin('mail', 'suppress', 'add', 'nobody');
  assert.deepEqual([strange.code, /not an address/.test(strange.stderr)], [1, true]);
});

test('what is wrong is answered with what would be right', async () => {
  for (const [args, message] of [
    [[], /goblin mail ls, show, resend, resolve, suppress or routes/],
    [['ls', 'unknown'], /options only, such as --state unknown/],
    [['ls', '--state', 'lost'], /--state is one of queued/],
    [['ls', '--limit', '501'], /--limit is 1 to 500/],
    [['show', 'x'], /named by its number.*goblin mail show 17/],
    [['resolve', '17', 'maybe'], /goblin mail resolve 17 sent, or not-sent/],
    [['suppress'], /goblin mail suppress ls, add or rm/],
    [['suppress', 'add'], /goblin mail suppress add ada@example.com/],
  ] as const) {
    const { code, stderr } = await project.goblin('mail', ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
});
