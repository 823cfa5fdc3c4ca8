/** The backup as a service: the loop in the background, its health, and the list of what there is for walls. `goblin up`
 * runs it as a process of its own where the app model has `backup`. */
import { contract, type ServiceDefinition, serve } from '@goblin/core';
import { z } from 'zod';
import { type BackupLoopOptions, backupLoop } from './backup-loop.ts';
import { type BackupRecord, listRecords, stateOf } from './backup-record.ts';
import type { Site } from './site.ts';

const Backup = z.object({
  id: z.string(),
  state: z.enum(['unverified', 'good', 'bad']),
  /** The earliest moment that it can be restored to. */
  endedAt: z.iso.datetime(),
  dataBytes: z.int(),
  storedBytes: z.int(),
  verifiedAt: z.iso.datetime().nullable(),
  restoreSeconds: z.number().nullable(),
  checks: z.array(z.object({ name: z.string(), good: z.boolean(), detail: z.string() })),
});

export const backupContract = contract('backup.v1', {
  list: {
    summary: 'All base backups with what their last verification found, oldest first.',
    input: z.object({}),
    output: z.array(Backup),
    get: true,
    deadline: '30s',
  },
});

export function backupService(
  site: Site,
  options: BackupLoopOptions,
): ServiceDefinition<typeof backupContract> {
  return serve(backupContract, (app) => {
    const loop = backupLoop(site, app.telemetry, options);
    app.background('backup', loop.run);
    app.health('backup', loop.health);
    return { list: async () => (await listRecords(site.vault)).map(view) };
  });
}

function view(record: BackupRecord): z.infer<typeof Backup> {
  const { id, endedAt, dataBytes, storedBytes, verification } = record;
  return {
    id,
    state: stateOf(record),
    endedAt,
    dataBytes,
    storedBytes,
    verifiedAt: verification?.at ?? null,
    restoreSeconds: verification?.restoreSeconds ?? null,
    checks: [...(verification?.checks ?? [])],
  };
}
