import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { context, createConfig, createRuntime, testTelemetry } from '@goblin/core';
import { audit, operatorDatabase, postgres } from '@goblin/data';
import { type CliProject, cliProject } from './testing/cli-project.ts';

let project: CliProject;
before(async () => {
  project = cliProject();
  await serviceDoes('payments', 3);
});
after(() => project[Symbol.dispose]());

/** A service that does so many things, writes them down, and stops. */
async function serviceDoes(service: string, count: number): Promise<void> {
  await using runtime = createRuntime({
    service,
    instance: `${service}-1`,
    telemetry: testTelemetry(),
    config: createConfig({ service, env: {} }).read,
    dataFolder: join(project.folder, '.goblin'),
    stopping: new AbortController().signal,
  });
  const db = await runtime.use(postgres());
  for (let n = 1; n <= count; n++) {
    await context.run({ actor: 'ada', tenant: 'acme' }, () =>
      db.transaction((tx) =>
        audit(tx, {
          action: n === 1 ? 'payment.made' : 'payment.refunded',
          subject: { type: 'payment', id: `p-${n}` },
          after: { n },
          reason: 'broken, "twice"',
        }),
      ),
    );
  }
}

test('audit verify says that a trail is whole and signed to its end once its service has stopped', async () => {
  const { code, stdout, stderr } = await project.goblin('audit', 'verify');
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, 'payments  whole  3 entries, signed to the end, 0 not chained yet\n');
  const { stdout: pem } = await project.goblin('audit', 'key');
  assert.match(pem, /^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----\n$/);
});

test('audit search finds entries, and audit export writes them', async () => {
  const table = (await project.goblin('audit', 'search', '--action', 'payment.refunded', '--since', '1h'))
    .stdout;
  assert.match(table, /^AT +ACTOR +ACTION +SUBJECT +REASON AND CHANGE\n/);
  assert.match(
    table,
    /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}ada \(acme\) {2}payment\.refunded {2}payment\/p-3 .*→ \{"n":3\}\n/,
  );
  const page = await project.goblin('audit', 'search', '--limit', '2', '--json');
  const { entries, next } = JSON.parse(page.stdout) as { entries: { sequence: number }[]; next: number };
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    [3, 2],
  );
  assert.match((await project.goblin('audit', 'search', '--after', String(next))).stdout, /payment\.made/);
  assert.match((await project.goblin('audit', 'search', '--until', '1d')).stdout, /^no entry matches/);
  const lines = (await project.goblin('audit', 'export', '--subject', 'payment')).stdout.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { subject: object }).subject),
    [
      { type: 'payment', id: 'p-1' },
      { type: 'payment', id: 'p-2' },
      { type: 'payment', id: 'p-3' },
    ],
  );
  const { stdout: csv } = await project.goblin(
    'audit',
    'export',
    '--format',
    'csv',
    '--subject',
    'payment/p-1',
  );
  assert.match(csv, /^sequence,id,.*\r\n1,\d+,.*,"\{""n"":1\}","broken, ""twice""",.*\r\n$/);
});

test('what is mistyped is answered with what is right', async () => {
  for (const [args, message] of [
    [['audit'], /goblin audit verify, search, export or key/],
    [
      ['audit', 'search', '--since', 'yesterday'],
      /--since is a time such as 2026-11-20T12:00 or a duration such as 2h/,
    ],
    [['audit', 'search', '--limit', 'ten'], /--limit is a whole number/],
    [['audit', 'export', '--format', 'xml'], /--format is jsonl or csv/],
  ] as const) {
    const { code, stderr } = await project.goblin(...args);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});

test('audit verify names what was changed behind the back of the service, and fails', async () => {
  await using db = await operatorDatabase({
    dataFolder: join(project.folder, '.goblin'),
    url: undefined,
    telemetry: testTelemetry(),
  });
  await db.transaction(async (tx) => {
    await tx.query(`set local session_replication_role = 'replica'`);
    await tx.query(`update goblin.audit_entry set actor = 'bob' where subject_id = 'p-2'`);
  });
  const { code, stdout } = await project.goblin('audit', 'verify');
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^payments {2}changed {2}number 2, entry \d+ \(payment\.refunded at .*\), was changed after it was written; 1 entries/,
  );
  const json = await project.goblin('audit', 'verify', '--json', '--service', 'payments', '--to', '1');
  assert.equal(json.code, 0);
  assert.equal((JSON.parse(json.stdout) as { verified: number }[])[0]!.verified, 1);
});
