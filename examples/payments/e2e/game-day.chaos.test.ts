/** A game day: what goes wrong in earnest is broken on purpose, one thing after the other, under load. Each time the wall shows what it
 * is, an incident pages once, its all-clear follows, and it tells the story. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Incident, IncidentSummary, WallState } from '@goblin/palantir';
import { SMTPServer } from 'smtp-server';
import { startLoad } from './load.fixture.ts';
import { type Platform, startPlatform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));
const WAIT_MS = 180_000;

interface Told {
  readonly status: 'firing' | 'resolved';
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: { readonly title: string; readonly text: string };
}

const folder = mkdtempSync(join(tmpdir(), 'goblin-game-day-'));
const told: Told[] = [];
const receiver: Server = createServer(async (request, response) => {
  told.push((await json(request)) as Told);
  response.end();
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));

/** A copy, so that a release can be broken. */
const project = join(folder, 'payments');
cpSync(PROJECT, project, {
  recursive: true,
  filter: (path) => !/\/(?:e2e|\.goblin|node_modules)$/.test(path),
});
symlinkSync(NODE_MODULES, join(folder, 'node_modules'));
/** Without the project's objective: what has used up its budget goes on firing for minutes after it was healed. */
const settings = join(folder, 'settings.yaml');
writeFileSync(
  settings,
  `notifiers:
  - { name: on-call, kind: webhook, url: 'http://127.0.0.1:${(receiver.address() as AddressInfo).port}/' }
routes:
  - { severity: page, to: [on-call] }
override: # so that the day is short
  errors: { for: 5s, keepFor: 5s }
  latency: { for: 5s, keepFor: 5s }
  service-down: { for: 5s, keepFor: 5s }
  mail-stopped: { for: 5s, keepFor: 5s }
  refusals: { for: 5s, keepFor: 5s }
`,
);
const post = await mailProvider();
const platform = await startPlatform({
  config: join(project, 'goblin.config.ts'),
  env: { PALANTIR_SETTINGS: settings },
  secrets: { smtp_url: `smtp://127.0.0.1:${post.port}` },
});
const load = startLoad(platform, { email: 'ada@example.com' });
after(async () => {
  await load.stop();
  await platform[Symbol.asyncDispose]();
  receiver.close();
  post.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Scenario {
  breakIt(): Promise<void> | void;
  /** The wall shows what is broken. */
  isSeen(wall: WallState): boolean;
  /** One of them opens the incident. */
  readonly services: readonly string[];
  heal(): Promise<void> | void;
}

async function play(t: TestContext, { breakIt, isSeen, services, heal }: Scenario): Promise<Incident> {
  await calm(platform);
  const before = told.length;
  const brokenAt = performance.now();
  const after = (): string => `${((performance.now() - brokenAt) / 1_000).toFixed(1)} s`;
  await breakIt();
  await until(
    async () => isSeen(await wall()),
    WAIT_MS,
    () => 'the wall does not show it',
  );
  t.diagnostic(`on the wall after ${after()}`);
  await until(
    async () => told.length > before,
    WAIT_MS,
    () => 'nobody is told',
  );
  t.diagnostic(`told after ${after()}: ${told[before]!.commonAnnotations.title}`);
  await heal();
  await until(
    async () => told.some(({ status }, i) => i >= before && status === 'resolved'),
    WAIT_MS,
    () => 'no all-clear',
  );
  await calm(platform);
  const own = told.slice(before);
  const ofIncidents = Map.groupBy(own, ({ groupLabels }) => groupLabels.incident!);
  t.diagnostic(`${ofIncidents.size} incident(s), ${own.length} messages`);
  for (const messages of ofIncidents.values()) {
    const titles = messages.map(({ commonAnnotations }) => commonAnnotations.title);
    const pages = titles.filter((title) => title.startsWith('PAGE'));
    assert.equal(pages.length, 1, `each incident pages once: ${titles.join('\n')}`);
    assert.equal(messages.at(-1)!.status, 'resolved', `and ends with the all-clear: ${titles.join('\n')}`);
  }
  const id = own[0]!.groupLabels.incident;
  const incident = await platform.palantir<Incident>(`/palantir/incidents/${id}`);
  assert.ok(
    incident.services.some((service) => services.includes(service)),
    `it is about ${incident.services.join()}`,
  );
  assert.equal(incident.state, 'resolved');
  return incident;
}

test('a slow tax service', async (t) => {
  await play(t, {
    breakIt: () => ordered('fault', 'inject', 'tax', '--latency', '3s', '--for', '10m'),
    isSeen: ({ services }) => services.some(({ name, state }) => name === 'tax' && state !== 'ok'),
    services: ['payments', 'tax', 'shop', 'edge'],
    heal: () => ordered('fault', 'lift', '--all'),
  });
});

test('a database that hangs', async (t) => {
  await play(t, {
    breakIt: () => signalDatabase('SIGSTOP'),
    isSeen: ({ services }) =>
      services.some(({ name, detail }) => name === 'payments' && detail?.startsWith('its database')),
    services: ['payments', 'receipts', 'webhooks', 'processing', 'edge'],
    heal: () => signalDatabase('SIGCONT'),
  });
});

test('a release that fails', async (t) => {
  const file = join(project, 'services', 'tax', 'service.ts');
  const good = readFileSync(file, 'utf8');
  const incident = await play(t, {
    breakIt: () =>
      writeFileSync(
        file,
        good.replace('lines }) {', `lines }) {\n    throw new Error('a release that fails');`),
      ),
    isSeen: ({ services, changes }) =>
      services.some(({ name, state }) => name === 'tax' && state !== 'ok') &&
      changes.some(({ kind, service }) => kind === 'deploy' && service === 'tax'),
    services: ['tax', 'payments', 'edge', 'shop'],
    heal: () => writeFileSync(file, good),
  });
  assert.equal(incident.suspect?.kind, 'deploy');
  assert.equal(incident.suspect?.service, 'tax');
  assert.ok(
    incident.timeline.some(({ kind, change }) => kind === 'change' && change?.service === 'tax'),
    'the timeline names the release',
  );
});

test('a mail provider that is down', async (t) => {
  await play(t, {
    breakIt: () => post.stop(),
    isSeen: ({ services, alerts }) =>
      services.some(({ name, state }) => name === 'receipts' && state !== 'ok') ||
      alerts.some(({ service }) => service === 'receipts'),
    services: ['receipts'],
    heal: () => post.start(),
  });
});

async function wall(): Promise<WallState> {
  return platform.palantir<WallState>('/palantir/wall');
}

/** Nothing that pages fires, no incident is open, and payments go through. */
async function calm(of: Platform): Promise<void> {
  let last: unknown;
  const isCalm = async (): Promise<boolean> => {
    const { alerts } = await of.palantir<{ alerts: WallState['alerts'] }>('/palantir/alerts');
    const raised = alerts.filter(({ state, severity }) => severity === 'page' && state !== 'resolved');
    const open = (await of.palantir<IncidentSummary[]>('/palantir/incidents')).filter(
      ({ state }) => state !== 'resolved',
    );
    last = { raised, open };
    return raised.length === 0 && open.length === 0;
  };
  await until(isCalm, WAIT_MS, () => `it does not become calm: ${JSON.stringify(last)}`);
  await load.more(20);
}

async function ordered(...args: string[]): Promise<void> {
  const { code, output } = await platform.goblin(...args);
  assert.equal(code, 0, output);
}

/** All processes of the embedded database. */
function signalDatabase(signal: NodeJS.Signals): void {
  const file = findFile(platform.dataFolder, 'postmaster.pid');
  const postmaster = readFileSync(file, 'utf8').split('\n')[0]!;
  const children = spawnSync('ps', ['-o', 'pid=', '--ppid', postmaster], { encoding: 'utf8' }).stdout;
  for (const pid of [postmaster, ...children.split('\n')]) if (pid.trim()) process.kill(Number(pid), signal);
}

function findFile(below: string, name: string): string {
  const found = readdirSync(below, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(name));
  assert.ok(found, `there is no ${name}`);
  return join(below, found);
}

interface MailProvider {
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): void;
}

/** Takes every mail while it runs; stopped, it refuses connections. */
async function mailProvider(): Promise<MailProvider> {
  let server: SMTPServer | undefined;
  let port = 0;
  async function start(): Promise<void> {
    const next = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      closeTimeout: 10,
      onData(stream, _session, done) {
        stream.resume().on('end', () => done());
      },
    });
    next.on('error', () => {});
    server = next;
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve));
    port = (next.server.address() as AddressInfo).port;
  }
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      if (server) server.close(() => resolve());
      else resolve();
    });
  await start();
  return {
    get port() {
      return port;
    },
    start,
    stop,
    close: () => void stop(),
  };
}
