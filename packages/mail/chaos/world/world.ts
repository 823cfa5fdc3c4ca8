/** Everything around the work: PostgreSQL, the HTTP server that charges, the two mail servers, and workers as processes. Where there is
 * a nats-server, a second site, the branch, gets some of the events through it. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '@goblin/data';
import type { Chance } from '../chance.ts';
import type { BranchServers } from '../work/branch.ts';
import type { Servers } from '../work/worker.ts';
import type { ChargeRecord } from './charge-server.ts';
import { type MailServers, mailServers } from './mail-servers.ts';
import { natsServer, noNats } from './nats-server.ts';
import { type Program, program } from './program.ts';
import { openSite } from './site.ts';

/** A server that can be killed and comes back. */
export interface KillableServer {
  readonly name: string;
  /** SIGKILL, once it runs. */
  kill(): Promise<void>;
}

export interface Branch {
  readonly db: Database;
  worker(): Program;
}

export interface World extends AsyncDisposable {
  /** As the service sees it. */
  readonly db: Database;
  readonly mail: MailServers;
  readonly servers: readonly KillableServer[];
  worker(): Program;
  charges(): Promise<ChargeRecord[]>;
  readonly branch: Branch | undefined;
}

export async function openWorld(luck: Chance): Promise<World> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'goblin-mixed-work-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const cache = join(folder, 'compiled');
  const main = opened.use(await openSite('main', await passable(join(folder, 'main'))));
  const mail = opened.use(await mailServers(luck.branch()));
  const seed = luck.below(2 ** 31);
  const charging = opened.use(program('world/charge-server.ts', { seed }, cache));
  const { url: chargeUrl } = (await charging.ready) as { url: string };
  const nats = noNats === undefined ? opened.use(await natsServer()) : undefined;
  const servers: Servers = { folder: main.folder, chargeUrl, mailPorts: mail.ports, natsUrl: nats?.url };
  const worker = (): Program => program('work/worker.ts', servers, cache);
  await beginWith(worker());
  const second = nats && opened.use(await openSite('branch', await passable(join(folder, 'branch'))));
  const branchServers = second && { folder: second.folder, natsUrl: nats.url };
  const kept = opened.move();
  return {
    db: main.db,
    mail,
    servers: [main.postgres, ...(second ? [second.postgres, nats] : [])],
    worker,
    charges: async () => (await (await fetch(chargeUrl)).json()) as ChargeRecord[],
    branch: branchServers && {
      db: second.db,
      worker: () => program('work/branch.ts', branchServers satisfies BranchServers, cache),
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Root's PostgreSQL runs as another user, who must be able to pass. */
async function passable(folder: string): Promise<string> {
  await mkdir(folder);
  await chmod(join(folder, '..'), 0o711);
  await chmod(folder, 0o711);
  return folder;
}

/** It makes the tables of the mails, and when it ends in order it writes down what it has compiled. */
async function beginWith(worker: Program): Promise<void> {
  if (!(await worker.ready)) throw new Error(`a worker does not start: ${worker.words}`);
  await worker.end();
}
