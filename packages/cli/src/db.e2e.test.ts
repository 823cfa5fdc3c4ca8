import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BIN, type CliProject, cliProject, environment, finish, GREETER } from './testing/cli-project.ts';

const SERVICE = `import { postgres, serve } from 'goblin';
import { greeter } from './contract.ts';
export default serve(greeter, async (app) => {
  const db = await app.use(postgres({ migrations: new URL('./migrations', import.meta.url) }));
  return { greet: async () => ({ greeting: (await db.one('select 1 as one')).one }), async *count() {} };
});
`;
const GUEST = `create table guest (id int primary key, name text);
insert into guest select id, 'Ada ' || id from generate_series(1, 30) id;`;

let project: CliProject;
before(async () => {
  project = cliProject(`    greeter: './services/greeter',\n    plain: './services/plain',\n`);
  const write = (path: string, text: string): void => project.write(`services/greeter/${path}`, text);
  write('contract.ts', GREETER['contract.ts']!);
  write('service.ts', SERVICE);
  write('migrations/0001_guest.sql', GUEST);
  for (const [file, text] of Object.entries(GREETER)) project.write(`services/plain/${file}`, text);
  const first = await project.goblin('db', 'migrate');
  assert.deepEqual(
    [first.code, first.stderr, first.stdout],
    [0, '', 'greeter 0001_guest.sql\ngreeter: 1 applied\n'],
  );
  write('migrations/0002_add_mark.expand.sql', 'alter table guest add column mark int;');
  write(
    'migrations/0003_fill_mark.backfill.sql',
    '-- goblin: backfill table=guest key=id batch=10\nupdate guest set mark = id where id between :first and :last and mark is null;',
  );
  write('migrations/0004_drop_name.contract.sql', 'alter table guest drop column name;');
});
after(() => project[Symbol.dispose]());

test('db plan says what would run, when, and what its locks keep others from', async () => {
  const { code, stdout, stderr } = await project.goblin('db', 'plan', 'greeter');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^greeter\n {2}0002_add_mark\.expand\.sql {2}with goblin db migrate/);
  assert.match(stdout, /guest: ACCESS EXCLUSIVE: nobody reads or writes it meanwhile/);
  assert.match(stdout, /0003_fill_mark\.backfill\.sql {2}in batches, beside the service/);
});

test('db lint shows the file, the line and a safe form, and fails', async () => {
  assert.equal((await project.goblin('db', 'lint')).code, 0);
  const name = '0005_index.sql';
  using _ = withMigration(name, '-- why\ncreate index guest_mark on guest (mark);');
  const { code, stdout } = await project.goblin('db', 'lint');
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^services\/greeter\/migrations\/0005_index\.sql:2 index-concurrently: CREATE INDEX keeps/,
  );
  assert.match(stdout, /create index concurrently if not exists guest_mark on guest/);
  const json = JSON.parse((await project.goblin('db', 'lint', '--json')).stdout);
  assert.deepEqual([json[0].service, json[0].findings[0].rule], ['greeter', 'index-concurrently']);
});

test('db migrate expands, fills rows with --backfill, and contracts with --contract; db status follows', async () => {
  const states = async (): Promise<string[]> => {
    const { stdout } = await project.goblin('db', 'status', '--json');
    return JSON.parse(stdout)[0].migrations.map(({ state }: { state: string }) => state);
  };
  const expanded = await project.goblin('db', 'migrate', '--json');
  assert.deepEqual(JSON.parse(expanded.stdout), [
    { service: 'greeter', applied: 1, left: ['0003_fill_mark.backfill.sql', '0004_drop_name.contract.sql'] },
  ]);
  assert.deepEqual(await states(), ['applied', 'applied', 'pending', 'pending']);
  const early = await project.goblin('db', 'migrate', '--contract');
  assert.equal(early.code, 1);
  assert.match(early.stderr, /has to wait for 0003_fill_mark\.backfill\.sql.*\[FAILED_PRECONDITION\]/);
  assert.equal((await project.goblin('db', 'migrate', '--backfill')).code, 0);
  assert.deepEqual(await states(), ['applied', 'applied', 'applied', 'pending']);
  assert.equal((await project.goblin('db', 'migrate', '--contract')).code, 0);
  assert.deepEqual(await states(), ['applied', 'applied', 'applied', 'applied']);
  const { stdout } = await project.goblin('db', 'status');
  assert.match(stdout, /^greeter\n {2}0001_guest\.sql +expand +applied +\d{4}-/);
});

test('db status fails for a file that was changed after it was applied', async () => {
  project.write('services/greeter/migrations/0001_guest.sql', `${GUEST}-- oops`);
  const { code, stdout } = await project.goblin('db', 'status');
  assert.equal(code, 1);
  assert.match(stdout, /0001_guest\.sql +expand +drifted +the file was changed/);
  project.write('services/greeter/migrations/0001_guest.sql', GUEST);
});

test('db psql is the service on its own tables, and says how to install psql where it is missing', async (t) => {
  const missing = spawn(process.execPath, [BIN, 'db', 'psql', 'greeter'], {
    cwd: project.folder,
    env: { ...environment(), PATH: '/nowhere' },
  });
  const { code, stderr } = await finish(missing);
  assert.equal(code, 1);
  assert.match(stderr, /psql is not installed: .*postgresql-client/);
  const { stdout, code: asked } = await project.goblin(
    'db',
    'psql',
    'greeter',
    '--',
    '-XAtc',
    'select current_user, count(*) from guest',
  );
  if (asked === 1) return t.skip('psql is not installed');
  assert.equal(stdout, 'greeter|30\n');
});

test('a service without a database is told so', async () => {
  const { code, stderr } = await project.goblin('db', 'status', 'plain');
  assert.deepEqual([code, stderr], [1, 'goblin: plain does not use postgres()  [FAILED_PRECONDITION]\n']);
});

function withMigration(name: string, text: string): Disposable {
  const path = `services/greeter/migrations/${name}`;
  project.write(path, text);
  return { [Symbol.dispose]: () => rmSync(join(project.folder, path)) };
}
