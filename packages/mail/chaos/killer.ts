/** Whoever stands at one of the places works until chance ends it, mostly by SIGKILL: at any moment, also while it starts.
 * Some are frozen for longer than a lease and thawed, so that they believe to hold what is somebody else's; a few may end in
 * order and hand back. Sessions of PostgreSQL are frozen in the midst of a transaction too, with their locks. Each server is
 * killed when so many workers have been. */
import { sleep } from '@goblin/core';
import { sql } from '@goblin/data';
import type { Chance } from './chance.ts';
import { surely } from './surely.ts';
import { LEASE_MS, MAIL_KIND } from './work/definitions.ts';
import type { Program } from './world/program.ts';
import type { KillableServer, World } from './world/world.ts';

const PLACES = 4;
const LONGEST_LIFE_MS = 900;
const LONGEST_START_MS = 400;
const FREEZE_MS = 1.4 * LEASE_MS;
/** What becomes of a worker, each as likely as any other. Before most of these it does its work for a while. */
const FATES = [
  'killed while it starts',
  'frozen',
  'ended in order',
  ...repeated('a session frozen', 3),
  ...repeated('killed', 6),
] as const;

export interface KillPlan {
  /** SIGKILLs of workers. */
  readonly kills: number;
  /** SIGKILLs of each server. */
  readonly serverKills: number;
  /** Hears of each kill of a worker. */
  readonly onKill: (kills: number) => void;
}

/** What was done to a process. */
export interface Blow {
  readonly at: string;
  readonly who: string;
  readonly what: 'killed' | 'frozen' | 'thawed' | 'ended in order' | 'fell';
}

export interface Killings {
  readonly kills: number;
  readonly frozen: number;
  readonly frozenSessions: number;
  readonly ended: number;
  readonly serverKills: ReadonlyMap<string, number>;
  readonly blows: readonly Blow[];
  /** Last words of workers that ended by themselves although the database was there. */
  readonly fallen: readonly string[];
}

export async function killAround(world: World, plan: KillPlan, luck: Chance): Promise<Killings> {
  const blows: Blow[] = [];
  const fallen: string[] = [];
  const serverKills = new Map(world.servers.map(({ name }) => [name, 0]));
  let kills = 0;
  let frozen = 0;
  let frozenSessions = 0;
  let ended = 0;
  let hasFailed = false;
  /** Servers are killed one after the other. */
  let turn: Promise<void> = Promise.resolve();
  const note = (who: string, what: Blow['what']): void => {
    blows.push({ at: new Date().toISOString(), who, what });
  };

  async function kill(worker: Program): Promise<void> {
    const { signal } = await worker.kill();
    if (signal !== 'SIGKILL') return fall(worker);
    note(`worker ${worker.pid}`, 'killed');
    plan.onKill(++kills);
    await passTime(world, worker.pid);
    for (const server of world.servers) killServerInTurn(server);
    await turn;
  }

  /** Evenly among the kills of workers, however fast these go. */
  function killServerInTurn(server: KillableServer): void {
    const done = serverKills.get(server.name)!;
    if (done >= plan.serverKills || kills < ((done + 1) * plan.kills) / (plan.serverKills + 1)) return;
    serverKills.set(server.name, done + 1);
    turn = turn.then(async () => {
      await server.kill();
      note(server.name, 'killed');
    });
  }

  async function freeze(worker: Program): Promise<void> {
    note(`worker ${worker.pid}`, 'frozen');
    worker.send('SIGSTOP');
    await sleep(FREEZE_MS);
    worker.send('SIGCONT');
    note(`worker ${worker.pid}`, 'thawed');
    frozen++;
  }

  async function freezeSession(own: Chance): Promise<void> {
    const busy = await surely(() => busySessions(world));
    const pid = busy[own.below(busy.length)];
    if (pid === undefined) return;
    try {
      process.kill(pid, 'SIGSTOP');
      frozenSessions++;
      await sleep(FREEZE_MS);
      process.kill(pid, 'SIGCONT');
    } catch (error) {
      // It has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async function live(worker: Program, own: Chance): Promise<void> {
    const fate = FATES[own.below(FATES.length)];
    if (fate === 'killed while it starts') {
      await sleep(own.below(LONGEST_START_MS));
      return kill(worker);
    }
    if (!(await worker.ready)) return kill(worker);
    await sleep(own.below(LONGEST_LIFE_MS));
    if (fate === 'a session frozen') await freezeSession(own);
    if (fate === 'frozen') await freeze(worker);
    if (fate === 'ended in order') {
      note(`worker ${worker.pid}`, 'ended in order');
      ended++;
      return void (await worker.end());
    }
    await kill(worker);
  }

  /** A process whose database is killed while it starts ends, and its supervisor starts another one. */
  function fall(worker: Program): void {
    note(`worker ${worker.pid}`, 'fell');
    if (!worker.words.includes('DATABASE_UNAVAILABLE')) fallen.push(worker.words);
  }

  /** Ends when all kills are done, or, at all places, when something has gone wrong at one. */
  async function place(own: Chance, start: () => Program): Promise<void> {
    while (kills < plan.kills && fallen.length === 0 && !hasFailed) {
      await using worker = start();
      await live(worker, own).catch((error) => {
        hasFailed = true;
        throw error;
      });
    }
  }

  const starts = Array.from({ length: PLACES }, () => world.worker);
  if (world.branch) starts.push(world.branch.worker);
  await Promise.all(starts.map((start) => place(luck.branch(), start)));
  return { kills, frozen, frozenSessions, ended, serverKills, blows, fallen };
}

/** The processes of PostgreSQL that are in the midst of something for the service. */
async function busySessions({ db }: World): Promise<number[]> {
  const rows = await db.many<{ pid: number }>(`
    select pid from pg_stat_activity
    where usename = current_user and state <> 'idle' and pid <> pg_backend_pid()`);
  return rows.map(({ pid }) => pid);
}

/** The leases of mails are long, and the one that held them is dead: half a minute passes for them. */
async function passTime({ db }: World, pid: number): Promise<void> {
  const held = sql`
    update goblin.task set due_at = goblin.task_now()
    where kind = ${MAIL_KIND} and worker like ${`%/${pid}/%`} and due_at > goblin.task_now()`;
  await surely(() => db.query(held));
}

function repeated<T>(value: T, times: number): T[] {
  return Array.from({ length: times }, () => value);
}
