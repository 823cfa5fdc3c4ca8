/** Wakes consumers when something was published, so that they need not poll often. It is a hint and may be lost;
 * polling finds what it missed. The NOTIFY runs after the commit and outside of it, because inside a
 * transaction it takes a lock that all committing transactions share; and one at a time per process, so that a
 * burst of events makes few of them. */
import type { Database, Listener } from '../database/database.ts';
import { routine } from '../database/routine.ts';

const CHANNEL = 'goblin_event';
const RECONNECT_MS = 1_000;

interface Announcer {
  readonly types: Set<string>;
  running: boolean;
}

const announcers = new WeakMap<Database, Announcer>();

/** Tells all processes that there are new events of this type. */
export function announce(db: Database, type: string): void {
  let announcer = announcers.get(db);
  if (!announcer) {
    announcer = { types: new Set(), running: false };
    announcers.set(db, announcer);
  }
  announcer.types.add(type);
  if (!announcer.running) void routine(() => notify(db, announcer));
}

async function notify(db: Database, announcer: Announcer): Promise<void> {
  announcer.running = true;
  try {
    while (announcer.types.size > 0) {
      const types = [...announcer.types];
      announcer.types.clear();
      await db.query('select pg_notify($1, type) from unnest($2::text[]) as type', [CHANNEL, types]);
    }
  } catch (error) {
    db.telemetry.log.debug(
      { err: error },
      'consumers were not told of new events; they find them by polling',
    );
  } finally {
    announcer.running = false;
  }
}

interface Hearing {
  readonly wakers: Map<string, Set<() => void>>;
  listener: Promise<Listener> | undefined;
}

const hearings = new WeakMap<Database, Hearing>();

/** Calls `wake` whenever events of this type were announced. One connection per process serves all. Answers what
 * ends it. */
export function onAnnouncement(db: Database, type: string, wake: () => void): () => Promise<void> {
  let hearing = hearings.get(db);
  if (!hearing) {
    hearing = { wakers: new Map(), listener: undefined };
    hearings.set(db, hearing);
  }
  const { wakers } = hearing;
  const ofType = wakers.get(type) ?? new Set();
  wakers.set(type, ofType.add(wake));
  hear(db, hearing);
  return async () => {
    ofType.delete(wake);
    if (ofType.size === 0) wakers.delete(type);
    if (wakers.size > 0) return;
    hearings.delete(db);
    await (await hearing.listener?.catch(() => undefined))?.close();
  };
}

function hear(db: Database, hearing: Hearing): void {
  if (hearing.listener) return;
  const wake = (type: string): void => {
    for (const waker of hearing.wakers.get(type) ?? []) waker();
  };
  const again = (): void => {
    hearing.listener = undefined;
    if (hearing.wakers.size > 0) setTimeout(() => hear(db, hearing), RECONNECT_MS).unref();
  };
  hearing.listener = routine(() => db.listen(CHANNEL, wake, again));
  // What was announced before anybody heard it must be looked for.
  hearing.listener.then(() => [...hearing.wakers.keys()].forEach(wake), again);
}
