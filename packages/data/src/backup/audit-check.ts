/** The check of the audit trails in a restored database: each chain is whole, and its checkpoints are signed by the known
 * key. Where no key is known the signatures are not looked at, and the result says so. The file of checkpoints is not
 * looked at: it goes on after the backup. So an end that was cut off together with its checkpoints is not found here, but by
 * `goblin audit verify` on the running database. */
import { createLogger, createTelemetry } from '@goblin/core';
import type { PublicKey } from '../audit/signing-key.ts';
import { type AuditReport, auditOwners, verifyAudit } from '../audit/verify.ts';
import { type Database, database } from '../database/database.ts';
import type { BackupCheck, RestoredCluster } from './check-cluster.ts';

const STATEMENT_TIMEOUT_MS = 600_000;
const IDENTITY = { service: 'backup', instance: 'verification', version: 'dev' } as const;

/** @param key the public key of the trails; undefined where none is known. */
export function auditCheck(key: PublicKey | undefined): BackupCheck {
  return {
    name: 'audit',
    async check(restored) {
      const reports: AuditReport[] = [];
      for (const name of restored.databases)
        if (await hasTrails(restored, name)) reports.push(...(await verifyTrails(restored, name, key)));
      const problems = reports.flatMap(({ owner, damage }) =>
        damage ? [`the trail of ${owner} is ${damage.kind}: ${damage.message}`] : [],
      );
      if (problems.length > 0) throw new Error(problems.join('; '));
      return summary(reports, key);
    },
  };
}

async function hasTrails(restored: RestoredCluster, name: string): Promise<boolean> {
  await using session = await restored.session(name);
  const [row] = await session.rows<{ has: boolean }>(
    "select to_regclass('goblin.audit_chain') is not null as has",
  );
  return row!.has;
}

async function verifyTrails(
  { target, signal }: RestoredCluster,
  name: string,
  key: PublicKey | undefined,
): Promise<AuditReport[]> {
  // What the throwaway database is asked is no statement of this process for its metrics and logs.
  await using telemetry = createTelemetry({
    ...IDENTITY,
    log: createLogger({ ...IDENTITY, level: 'silent' }),
    env: {},
  });
  await using db: Database = database({
    target: target(name),
    schema: 'public',
    telemetry,
    poolSize: 2,
    timeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const reports: AuditReport[] = [];
  for (const owner of await auditOwners(db)) {
    const progress = (): void => signal.throwIfAborted();
    reports.push(await verifyAudit(db, { owner, ...(key && { keys: [key] }), progress }));
  }
  return reports;
}

function summary(reports: readonly AuditReport[], key: PublicKey | undefined): string {
  if (reports.length === 0) return 'there is no audit trail';
  const verified = reports.reduce((sum, report) => sum + report.verified, 0);
  const signed = reports.reduce((sum, { signedTo }) => sum + signedTo, 0);
  const trails = `${reports.length} ${reports.length === 1 ? 'trail' : 'trails'} with ${verified} chained entries`;
  return key
    ? `${trails}, ${signed} of them signed by ${key.id}`
    : `${trails} in order; no public key is known (AUDIT_KEY), so signatures were not looked at`;
}
