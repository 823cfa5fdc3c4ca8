/** After the killing: workers that nobody kills do what is left, until nothing is. Mails of which nobody knows whether they were
 * sent are listed, looked for at the servers, and resolved as whoever operates it would: sent if a server took it. */
import { type Database, listEventGroups, sql } from '@goblin/data';
import { listMails, resolveMail } from '../src/messages/operate.ts';
import { surely, until } from './surely.ts';
import { CARRIED, MAIL_KIND, SLOTS } from './work/definitions.ts';
import type { World } from './world/world.ts';

const STEADY = 2;
/** Much longer than it takes on a slow machine. */
const PATIENCE_MS = 240_000;
const PAGE = 500;

export type ListedMail = Awaited<ReturnType<typeof listMails>>[number];

/** A mail that was listed as unknown, and what the servers know of it. */
export interface Unknown {
  readonly message: ListedMail;
  readonly taken: boolean;
}

/** What stood in the books of the mails before anybody resolved anything. */
export interface BeforeResolution {
  readonly listed: readonly Unknown[];
  /** How many there were by the table itself. */
  readonly unknown: number;
  /** Message-IDs of those that are called sent, and that no server has. */
  readonly calledSent: readonly string[];
}

export interface Settled {
  readonly mailsBefore: BeforeResolution;
  /** What did not come to rest, and how it stands: the books tell what that means. */
  readonly stuck: string | undefined;
}

export async function settle(world: World): Promise<Settled> {
  const { db, mail, branch } = world;
  await using workers = new AsyncDisposableStack();
  const starts = [...Array.from({ length: STEADY }, () => world.worker), ...(branch ? [branch.worker] : [])];
  for (const start of starts) {
    const worker = start();
    workers.defer(async () => void (await worker.end()));
    if (!(await worker.ready)) throw new Error(`a worker does not start: ${worker.words}`);
  }
  let stuck: string | undefined;
  const comesTrue = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    if (stuck !== undefined) return;
    const how = (): Promise<unknown> => whatIsLeft(db);
    await until(what, isSo, PATIENCE_MS, how).catch((error: Error) => {
      stuck = error.message;
    });
  };
  await comesTrue('all mails are sent or unknown', () => mailsAreSettled(db));
  mail.calm();
  const mailsBefore = await stateOfMails(world);
  for (const { message, taken } of mailsBefore.listed) {
    await surely(() =>
      resolveMail(db, message.id, taken ? 'sent' : 'not-sent', 'the books of the server say so'),
    );
  }
  await comesTrue('nothing is left to do', () => isQuiet(db));
  if (branch) await comesTrue('the branch has heard all', () => branchHasHeardAll(db, branch.db));
  return { mailsBefore, stuck };
}

async function mailsAreSettled(db: Database): Promise<boolean> {
  // Mails that wait for their next attempt, or whose sender was killed before the others, need not wait for it.
  await db.query(sql`
    update goblin.task set due_at = goblin.task_now()
    where kind = ${MAIL_KIND} and worker is null and due_at > goblin.task_now() + interval '1 second'`);
  const { open } = await db.one<{ open: number }>(
    `select count(*) as open from goblin_mail.message where state in ('queued', 'sending')`,
  );
  return open === 0 && (await leftTasks(db)) === 0;
}

async function stateOfMails({ db, mail }: World): Promise<BeforeResolution> {
  const taken = new Set(mail.taken().map(({ messageId }) => messageId));
  const has = ({ messageId }: ListedMail): boolean => messageId !== null && taken.has(messageId);
  const listed = await listAll(db, 'unknown');
  const sent = await listAll(db, 'sent');
  const { unknown } = await db.one<{ unknown: number }>(
    `select count(*) as unknown from goblin_mail.message where state = 'unknown'`,
  );
  return {
    listed: listed.map((message) => ({ message, taken: has(message) })),
    unknown,
    calledSent: sent.filter((message) => !has(message)).map(({ key }) => key),
  };
}

export async function listAll(db: Database, state?: ListedMail['state']): Promise<ListedMail[]> {
  const all: ListedMail[] = [];
  for (;;) {
    const before = all.at(-1)?.id;
    const filter = state === undefined ? {} : { state };
    const page = { limit: PAGE, ...(before !== undefined && { before }) };
    const rows = await listMails(db, filter, page);
    if (rows.length === 0) return all;
    all.push(...rows);
  }
}

/** Nothing that is done makes anything new to do without an event or a task, so what is quiet stays so. */
async function isQuiet(db: Database): Promise<boolean> {
  return (
    (await haveHeardAll(db)) &&
    (await mailsAreSettled(db)) &&
    (await haveHeardAll(db)) &&
    (await mailsAreSettled(db))
  );
}

async function haveHeardAll(db: Database): Promise<boolean> {
  return (await listEventGroups(db)).every(({ lag }) => lag === 0);
}

async function branchHasHeardAll(db: Database, branch: Database): Promise<boolean> {
  const types = CARRIED.map(({ type }) => type);
  const { told } = await db.one<{ told: number }>(
    sql`select count(*) as told from goblin.event where type = any (${types})`,
  );
  const { heard } = await branch.one<{ heard: number }>('select count(distinct name) as heard from heard');
  return heard >= told && (await haveHeardAll(branch));
}

/** Slots go on coming. */
async function leftTasks(db: Database): Promise<number> {
  const slots = SLOTS.map(({ kind }) => kind);
  const counted = sql`select count(*) as left from goblin.task where kind <> all (${slots})`;
  return (await db.one<{ left: number }>(counted)).left;
}

function mailStates(db: Database): Promise<unknown[]> {
  return db.many('select state, count(*) from goblin_mail.message group by state');
}

async function whatIsLeft(db: Database): Promise<unknown> {
  return {
    groups: await listEventGroups(db),
    mails: await mailStates(db),
    tasks: await db.many(
      'select kind, key, due_at, worker, attempt, waits_for, error from goblin.task order by id limit 10',
    ),
  };
}
