/** Archives the log up to now, once: for a cluster that was just restored, whose new timeline has to be in the store
 * before its server may forget where it branched off. */
import type { Site } from './site.ts';
import { archiveWal, flushedTo, SLOT, untilArchived } from './wal-archiver.ts';

const EVERY_MS = 100;
const TIMEOUT_MS = 60_000;

/** @throws STORE_UNAVAILABLE, DATABASE_UNAVAILABLE */
export async function catchUp(site: Site): Promise<void> {
  const end = await flushedTo(site);
  const temporarySlot = `${SLOT}_${process.pid}`;
  const ending = new AbortController();
  const archiving = archiveWal(site, { everyMs: EVERY_MS, temporarySlot, goesOn: true }, ending.signal);
  const patience = AbortSignal.any([ending.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const reached = untilArchived(site, temporarySlot, end, patience);
  try {
    await Promise.race([reached, archiving]);
  } finally {
    ending.abort();
    await Promise.allSettled([reached, archiving]);
  }
}
