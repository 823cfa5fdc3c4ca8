import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testTelemetry } from '@goblin/core';
import pg from 'pg';
import { openReplication } from '../backup/replication.ts';
import { superuserConfig } from '../embedded/provision.ts';
import { throwawayServer } from '../embedded/throwaway.ts';
import { addMigrations, freshSchema, migrationFolder } from '../fixtures/migration-folder.ts';
import { until } from '../fixtures/processes.ts';
import { fillPending } from './backfills.ts';

test('a backfill holds still for a replica that is behind, says so, and goes on when it has caught up', async () => {
  await using schema = await freshSchema();
  const folder = migrationFolder({ '0001_account.sql': 'create table account (id int primary key, n int);' });
  await schema.apply(folder);
  await schema.client.query('insert into account select id from generate_series(1, 20) id');
  addMigrations(folder, {
    '0002_n.backfill.sql':
      '-- goblin: backfill table=account key=id\nupdate account set n = id where id between :first and :last',
  });
  await schema.apply(folder);
  const server = await throwawayServer();
  await using replica = await openReplication(superuserConfig(server), 'here');
  const { xlogpos } = await replica.row('IDENTIFY_SYSTEM');
  const stream = replica.stream(`START_REPLICATION PHYSICAL ${xlogpos}`)[Symbol.asyncIterator]();
  await stream.next();
  replica.send(standbyStatus(1n));
  const admin = new pg.Client(superuserConfig(server));
  await admin.connect();
  try {
    for (let i = 0; i < 5; i++)
      await admin.query(`select pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()`);
    const { log } = testTelemetry();
    const filling = fillPending(
      { ...schema.source, schema: schema.schema, folder, log },
      new AbortController().signal,
    );
    await until(async () => {
      const { rows } = await schema.client.query('select held from goblin_backfill');
      return /replica is \d+ (MB|s) behind/.test(rows[0]?.held ?? '');
    });
    assert.equal((await schema.client.query('select 1 from account where n is not null')).rowCount, 0);
    const { rows } = await admin.query(`select pg_current_wal_lsn() - '0/0'::pg_lsn as lsn`);
    const reading = drain(stream);
    let filled = false;
    void filling.then(() => {
      filled = true;
    });
    await until(() => {
      replica.send(standbyStatus(BigInt(rows[0].lsn)));
      return filled;
    });
    assert.equal(await filling, true);
    replica.destroy();
    await reading;
    assert.equal((await schema.client.query('select 1 from account where n is null')).rowCount, 0);
  } finally {
    await admin.end();
  }
});

/** Until its connection is gone. */
async function drain(stream: AsyncIterator<Buffer>): Promise<void> {
  try {
    while (!(await stream.next()).done);
  } catch {
    // It was destroyed.
  }
}

/** https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-STANDBY-STATUS-UPDATE */
function standbyStatus(lsn: bigint): Buffer {
  const message = Buffer.alloc(34);
  message.write('r');
  for (const offset of [1, 9, 17]) message.writeBigUInt64BE(lsn, offset);
  return message;
}
