/** Archives the log up to now, once: for a cluster that was just restored, whose new timeline has to be in the store
 * before its server may forget where it branched off. */
import { lsnOf } from './lsn.ts';
import { type Site, siteSession } from './site.ts';
import { archiveWal, SLOT, untilArchived } from './wal-archiver.ts';

const EVERY_MS = 100;
const TIMEOUT_MS = 60_000;

/** @throws STORE_UNAVAILABLE, DATABASE_UNAVAILABLE */
export async function catchUp(site: Site): Promise<void> {
  await using session = await siteSession(site);
  const [row] = await session.rows<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
  const temporarySlot = `${SLOT}_${process.pid}`;
  const ending = new AbortController();
  const archiving = archiveWal(site, { everyMs: EVERY_MS, temporarySlot, goesOn: true }, ending.signal);
  const patience = AbortSignal.any([ending.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const reached = untilArchived(site, temporarySlot, lsnOf(row!.lsn), patience);
  try {
    await Promise.race([reached, archiving]);
  } finally {
    ending.abort();
    await Promise.allSettled([reached, archiving]);
  }
}
