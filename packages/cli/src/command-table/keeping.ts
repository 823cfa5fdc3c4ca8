/** Commands for what is kept: databases, backups, the audit trail. */
import type { CommandSpec, OptionSpec } from '../command.ts';
import { json } from './options.ts';

const STORE: OptionSpec = {
  type: 'string',
  value: '<place>',
  help: 'Where backups are kept: a folder, or s3://bucket/prefix?endpoint=…. Default: BACKUP_STORE, else what the app model says, else backups/ in the data folder',
};

export const KEEPING: readonly CommandSpec[] = [
  {
    name: 'db',
    summary: 'See and run the migrations of services, check them, or open psql',
    usage: '<status | plan | migrate | lint> [service …], or psql <service> [-- arguments]',
    details:
      '`migrate` applies what expands, as a service does when it starts; `--backfill` also runs backfills to their end here; `--contract` also takes away what only an older version needs: say it when none runs any longer. `plan` shows what is left, and which locks each statement takes. `lint` fails for what would keep others waiting, and shows how to do it safely. `psql` has the rights of the service.',
    examples: [
      'goblin db status',
      'goblin db plan orders',
      'goblin db migrate --contract',
      'goblin db lint',
      `goblin db psql orders -- -c 'select count(*) from "order"'`,
    ],
    options: {
      contract: { type: 'boolean', help: 'With migrate: no older version runs any longer' },
      backfill: { type: 'boolean', help: 'With migrate: run backfills here, to their end' },
      json,
    },
    completes: ['status', 'plan', 'migrate', 'lint', 'psql'],
    load: () => import('../commands/db.ts'),
  },
  {
    name: 'backup',
    summary: 'Back up the embedded database, list backups, or verify one by restoring it',
    usage: '<now | list | verify [backup …]>',
    details:
      'A backup is compressed and encrypted, and called good only after it was restored into a throwaway database and checked there. The key is in the file that BACKUP_KEY_FILE names, else made at random in the data folder: keep a copy of it elsewhere. `verify` takes the newest backup unless some are named, and fails when one is bad.',
    examples: ['goblin backup now --store /mnt/backups/shop', 'goblin backup list', 'goblin backup verify'],
    options: {
      store: STORE,
      verify: {
        type: 'boolean',
        help: 'Restore and check the new backup. Default; --no-verify leaves that out',
      },
      json,
    },
    completes: ['now', 'list', 'verify'],
    load: () => import('../commands/backup.ts'),
  },
  {
    name: 'restore',
    summary: 'Bring the embedded database back to a moment',
    usage: '--at <moment | latest>',
    details:
      'Refuses while somebody uses the database. The restored database takes the place of the old one only after it was checked; the old one is kept beside it. A moment without a zone is local time. With --backup alone it restores that backup as it was verified.',
    examples: [
      "goblin restore --at '2026-11-20 12:00'",
      'goblin restore --at 2026-11-20T12:00:30+01:00 --into /tmp/look',
      'goblin restore --at latest',
    ],
    options: {
      at: {
        type: 'string',
        value: '<moment>',
        help: 'Everything that was committed until then: 2026-11-20 12:00, with seconds and a zone where they matter, or latest',
      },
      backup: {
        type: 'string',
        value: '<backup>',
        help: 'Begin with this one. Default: the newest good one before the moment',
      },
      into: {
        type: 'string',
        value: '<folder>',
        help: 'Restore a copy into this data folder, and leave the project alone',
      },
      store: STORE,
      json,
    },
    load: () => import('../commands/restore.ts'),
  },
  {
    name: 'audit',
    summary: 'Verify, search and export the audit trail',
    usage: '<verify | search | export | key>',
    details:
      'verify reads every entry and says whether one was changed, removed, moved or slipped in, and whether the end was cut off; it ends with exit code 1 and the first such place. search lists the newest entries that match, export writes all of them. key prints the public key of the checkpoints. The key and the file of checkpoints are those in the data folder, unless AUDIT_KEY_FILE and AUDIT_CHECKPOINTS or the options name others.',
    examples: [
      'goblin audit verify',
      'goblin audit search --subject payment/p-17 --since 7d',
      `goblin audit search --action 'payment.*' --actor ada --text refund`,
      'goblin audit export --since 2026-10-01 --until 2026-11-01 --format csv > october.csv',
    ],
    options: {
      service: { type: 'string', value: '<role>', help: 'Only the trail of this service. Default: all' },
      from: { type: 'string', value: '<number>', help: 'verify: begin with this number of the chain' },
      to: { type: 'string', value: '<number>', help: 'verify: end with this number of the chain' },
      checkpoints: { type: 'string', value: '<file>', help: 'verify: the file of checkpoints' },
      key: { type: 'string', value: '<file>', help: 'verify: the public key, in PEM' },
      actor: { type: 'string', value: '<name>', help: 'Only what this one did' },
      tenant: { type: 'string', value: '<name>', help: 'Only what was done for this tenant' },
      action: { type: 'string', value: '<action>', help: 'Only this: payment.refunded, or payment.*' },
      subject: { type: 'string', value: '<type[/id]>', help: 'Only what was done to this: payment/p-17' },
      since: { type: 'string', value: '<time>', help: 'From this time on: a time, or a duration such as 2h' },
      until: { type: 'string', value: '<time>', help: 'Before this time' },
      text: { type: 'string', value: '<text>', help: 'Only entries with this text in them' },
      trace: { type: 'string', value: '<id>', help: 'Only what was done in this trace' },
      request: { type: 'string', value: '<id>', help: 'Only what was done in this request' },
      limit: { type: 'string', short: 'n', value: '<count>', help: 'search: at most so many. Default 50' },
      after: { type: 'string', value: '<id>', help: 'search: go on after this entry' },
      format: { type: 'string', value: '<format>', help: 'export: jsonl or csv. Default jsonl' },
      json,
    },
    completes: ['verify', 'search', 'export', 'key'],
    load: () => import('../commands/audit.ts'),
  },
];
