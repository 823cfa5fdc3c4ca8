export { type AuditRecord, audit, MAX_AUDIT_BYTES, MAX_AUDIT_TEXT } from './audit/audit.ts';
export { type Checkpoint, readCheckpointFile } from './audit/checkpoint.ts';
export type { AuditDamage, AuditDamageKind } from './audit/damage.ts';
export { type AuditFormat, formatAudit } from './audit/export.ts';
export {
  type AuditEntry,
  type AuditFilter,
  type AuditPage,
  readAudit,
  searchAudit,
} from './audit/search.ts';
export { type AuditPlace, auditPlace } from './audit/settings.ts';
export { type PublicKey, publicKey, type SigningKey } from './audit/signing-key.ts';
export { type AuditReport, auditOwners, type VerifyOptions, verifyAudit } from './audit/verify.ts';
export { type BackupKey, ensureBackupKey, readBackupKey } from './backup/backup-key.ts';
export { type BackupLoop, type BackupLoopOptions, backupLoop } from './backup/backup-loop.ts';
export {
  type BackupRecord,
  type BackupState,
  type CheckResult,
  listRecords as listBackups,
  recordNamed as backupNamed,
  stateOf as backupState,
  type Verification,
} from './backup/backup-record.ts';
export { backupService } from './backup/backup-service.ts';
export type { BackupCheck, RestoredCluster } from './backup/check-cluster.ts';
export { type Moment, momentOf } from './backup/moment.ts';
export {
  type RestoreOptions,
  type RestoreReport,
  type RestoreStep,
  restore,
} from './backup/restore.ts';
export { type Expired, expireBackups, type Retention } from './backup/retention.ts';
export type { Site as BackupSite } from './backup/site.ts';
export { type BackupStep, type TakeBackupOptions, takeBackup } from './backup/take-backup.ts';
export { type Vault, vault } from './backup/vault.ts';
export {
  type VerifyOptions as VerifyBackupOptions,
  type VerifyStep,
  verifyBackup,
} from './backup/verify-backup.ts';
export type { RestorePlan, RestoreTarget } from './backup/wal-plan.ts';
export { createCache } from './cache/cache.ts';
export {
  type Cache,
  type CacheOptions,
  type EntryOptions,
  MAX_CACHE_KEY,
  MAX_CACHE_TAGS,
} from './cache/cache-options.ts';
export { type CacheModuleOptions, cache } from './cache/module.ts';
export type { Database, Listener } from './database/database.ts';
export type { Queryable, QueryResult, Row } from './database/queryable.ts';
export { routine } from './database/routine.ts';
export { type Identifier, identifier, type Statement, sql } from './database/sql.ts';
export type { Transaction, TransactionOptions } from './database/transaction.ts';
export { attachOrStart, type EmbeddedServer } from './embedded/embedded.ts';
export type { ServerOptions } from './embedded/postmaster.ts';
export { type BroadcastOptions, broadcast } from './events/broadcast.ts';
export {
  type EventDefinition,
  type EventOptions,
  event,
  MAX_EVENT_KEY,
  MAX_PAYLOAD_BYTES,
  type PublishOptions,
} from './events/event.ts';
export type { ReceivedEvent } from './events/handle-event.ts';
export {
  type EventGroup,
  type EventView,
  listEventGroups,
  type TailOptions,
  tailEvents,
} from './events/operate.ts';
export {
  discardParkedEvents,
  listParkedEvents,
  type ParkedEvent,
  type ParkedFilter,
  retryParkedEvents,
} from './events/operate-parked.ts';
export type { Upgrade, Upgrades } from './events/payload-version.ts';
export { type ReplayOptions, replayEvents } from './events/replay.ts';
export { type EventHandler, MAX_PARALLEL, type SubscribeOptions, subscribe } from './events/subscribe.ts';
export { enterTenant, withTenant } from './isolation/with-tenant.ts';
export type { BackfillStep } from './migrations/backfill.ts';
export type { Progress as BackfillProgress } from './migrations/history.ts';
export { findingText, LINT_RULES, type LintFinding, lintMigrations } from './migrations/lint/lint.ts';
export type { MigrationFile, MigrationKind } from './migrations/migration-files.ts';
export type {
  MigrationState,
  MigrationStatus,
  MigrationView,
  PlannedFor,
  PlannedMigration,
  PlannedStatement,
} from './migrations/overview.ts';
export { type MigrationsPlace, migrationsFolder, migrationsPlaceOf } from './migrations/place.ts';
export type { PsqlCall } from './migrations/psql.ts';
export {
  type MigrationRunOptions,
  type ServiceMigrations,
  type ServiceMigrationsOptions,
  serviceMigrations,
} from './migrations/service-migrations.ts';
export type { NatsBus } from './nats/connection.ts';
export { type ForwardOptions, forward } from './nats/forward.ts';
export { type NatsOptions, nats } from './nats/nats.ts';
export { type ReceiveOptions, receive } from './nats/receive.ts';
export type { StreamLimits } from './nats/stream.ts';
export { type OperatorOptions, operatorDatabase } from './operator-database.ts';
export { installSchema } from './platform/platform.ts';
export { type PostgresOptions, postgres } from './postgres.ts';
export { type RestOptions, type RestRoles, type RestRoute, type RestTables, rest } from './rest/rest.ts';
export {
  listSchedules,
  pauseSchedule,
  removeSchedule,
  resumeSchedule,
  runScheduleNow,
  type ScheduleState,
  type ScheduleView,
} from './schedules/operate.ts';
export type { Missed } from './schedules/plan.ts';
export { type RunOptions, type ScheduleOptions, type SlotHandler, schedule } from './schedules/schedule.ts';
export type { ScheduleId } from './schedules/schedule-table.ts';
export type { Slot, StoredSlot } from './schedules/slot-input.ts';
export { nextFires, slotsAfter } from './schedules/slots.ts';
export { type ScheduleSpec, type ScheduleTimes, specInWords } from './schedules/spec.ts';
export { type BlobHandlerOptions, blobHandler } from './storage/blob-handler.ts';
export type { BlobLinks } from './storage/blob-links.ts';
export {
  type BlobInfo,
  type BlobStore,
  type ByteRange,
  checkKey,
  type ListOptions,
  MAX_CONTENT_TYPE_LENGTH,
  MAX_IF_ABSENT_BYTES,
  type PresignOptions,
  type PutOptions,
} from './storage/blob-store.ts';
export { type DirectoryStoreOptions, directoryStore } from './storage/directory-store.ts';
export { type BlobStoreOptions, blobStore, openBlobStore } from './storage/open-store.ts';
export type { S3Options } from './storage/s3/client.ts';
export { type S3Store, s3Store } from './storage/s3/s3-store.ts';
export type { S3Credentials } from './storage/s3/signature.ts';
export type { Children } from './tasks/children.ts';
export { MAX_STEPS } from './tasks/durable-job.ts';
export type { Enqueued } from './tasks/enqueue.ts';
export { type Handled, handle, type TaskHandler } from './tasks/handler.ts';
export type { Job } from './tasks/job.ts';
export { MAX_TASK_BYTES } from './tasks/json-within.ts';
export type { LaneLimits } from './tasks/lanes.ts';
export {
  cancelTasks,
  countTasks,
  listTasks,
  replayTasks,
  type TaskCount,
  type TaskView,
} from './tasks/operate.ts';
export type { TaskResult } from './tasks/result.ts';
export type { RetryOptions } from './tasks/retry.ts';
export { type RememberedStep, showTask, type TaskDetail } from './tasks/show.ts';
export {
  MAX_PRIORITY,
  MAX_TASKS_AT_ONCE,
  type TaskDefinition,
  type TaskOptions,
  type TaskRequest,
  task,
} from './tasks/task.ts';
export type { TaskFilter, TaskState } from './tasks/task-filter.ts';
export { type WorkOptions, work } from './tasks/worker.ts';
