/** Which backup a restore of the running cluster would begin with. */
import { isGoblinError } from '@goblin/core';
import { type BackupRecord, listRecords, stateOf } from './backup-record.ts';
import { identify, type Site, siteSession } from './site.ts';
import { planRestore } from './wal-plan.ts';

/** The newest good backup of this cluster, whoever made it. */
export async function lastGood(site: Site): Promise<BackupRecord | undefined> {
  await using session = await siteSession(site);
  const { system } = await identify(session);
  const records = await listRecords(site.vault);
  return records.findLast((record) => record.system === system && stateOf(record) === 'good');
}

/** Whether the log from it on is in the store without a gap. */
export async function leadsToNow(site: Site, record: BackupRecord): Promise<boolean> {
  return planRestore(site.vault, [record], 'latest').then(
    () => true,
    (error) => {
      if (isGoblinError(error, 'NOT_FOUND')) return false;
      throw error;
    },
  );
}
