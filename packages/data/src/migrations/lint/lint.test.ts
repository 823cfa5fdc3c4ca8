import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMigrations, freshSchema, migrationFolder } from '../../fixtures/migration-folder.ts';
import { LINT_RULES, lintMigrations } from './lint.ts';

const BEFORE =
  'create table account (id bigint primary key, mail text, state text, team bigint);\ncreate table team (id bigint primary key);';
const ALONE = '-- goblin: no transaction\n';

/** What each rule refuses, and the same done well: in the files that follow. */
const CASES: Readonly<Record<string, { bad: string; good: readonly string[]; name?: string }>> = {
  'index-concurrently': {
    bad: 'create index account_mail on account (mail);',
    good: [`${ALONE}create index concurrently if not exists account_mail on account (mail);`],
  },
  'drop-index-concurrently': {
    bad: 'drop index if exists account_mail;',
    good: [`${ALONE}drop index concurrently if exists account_mail;`],
  },
  'reindex-concurrently': {
    bad: 'reindex table account;',
    good: [`${ALONE}reindex table concurrently account;`],
  },
  'repeatable-index': {
    bad: `${ALONE}create index concurrently account_mail on account (mail);`,
    good: [`${ALONE}create index concurrently if not exists account_mail on account (mail);`],
  },
  'add-column-not-null': {
    bad: 'alter table account add column email text not null;',
    good: [`alter table account add column email text not null default '';`],
  },
  'add-column-rewrite': {
    bad: 'alter table account add column token uuid default gen_random_uuid();',
    good: [
      'alter table account add column token uuid; alter table account alter column token set default gen_random_uuid();',
      'alter table account add column seen_at timestamptz default now();',
    ],
  },
  'set-not-null': {
    bad: 'alter table account alter column mail set not null;',
    good: [
      'alter table account add constraint mail_there check (mail is not null) not valid;',
      'alter table account validate constraint mail_there; alter table account alter column mail set not null;',
    ],
  },
  'change-type': {
    bad: 'alter table account alter column state type bigint using state::bigint;',
    good: ['alter table account add column state_number bigint;'],
  },
  'drop-column': {
    bad: 'alter table account drop column mail;',
    good: ['alter table account drop column mail;'],
    name: 'contract',
  },
  rename: {
    bad: 'alter table account rename column mail to email;',
    good: ['alter table account add column email text;'],
  },
  'add-foreign-key': {
    bad: 'alter table account add constraint account_team foreign key (team) references team (id);',
    good: [
      'alter table account add constraint account_team foreign key (team) references team (id) not valid;',
      'alter table account validate constraint account_team;',
    ],
  },
  'add-check': {
    bad: `alter table account add constraint state_known check (state in ('on', 'off'));`,
    good: [
      `alter table account add constraint state_known check (state in ('on', 'off')) not valid;`,
      'alter table account validate constraint state_known;',
    ],
  },
  'add-unique': {
    bad: 'alter table account add constraint account_mail_key unique (mail);',
    good: [
      `${ALONE}create unique index concurrently if not exists account_mail_key on account (mail);`,
      'alter table account add constraint account_mail_key unique using index account_mail_key;',
    ],
  },
  'add-exclusion': {
    bad: 'alter table account add constraint one_each exclude (mail with =);',
    good: [
      'create table booking (id bigint primary key, mail text, constraint one_each exclude (mail with =));',
    ],
  },
  'drop-table': { bad: 'drop table team;', good: ['drop table team;'], name: 'contract' },
  truncate: { bad: 'truncate account;', good: ['create table draft (id bigint); truncate draft;'] },
  'lock-table': { bad: 'lock table account;', good: ['create table draft (id bigint); lock table draft;'] },
  'rewrite-table': { bad: `${ALONE}vacuum full account;`, good: [`${ALONE}vacuum account;`] },
  'whole-table': {
    bad: `update account set state = lower(state) where state <> '';`,
    good: [`update account set state = 'on' where id in (1, 2);`],
  },
  'concurrently-in-transaction': {
    bad: 'create index concurrently if not exists account_mail on account (mail);',
    good: [`${ALONE}create index concurrently if not exists account_mail on account (mail);`],
  },
  'needless-no-transaction': {
    bad: `${ALONE}alter table account add column email text;`,
    good: ['alter table account add column email text;'],
  },
  'own-transaction': {
    bad: 'alter table account add column email text; commit;',
    good: ['alter table account add column email text;'],
  },
};

function named(statements: readonly string[], kind = 'expand'): Record<string, string> {
  return Object.fromEntries(
    statements.map((text, index) => [`${String(index + 2).padStart(4, '0')}_step.${kind}.sql`, text]),
  );
}

test('every rule has a case', () => {
  assert.deepEqual(Object.keys(CASES), [...LINT_RULES]);
});

for (const [rule, { bad, good, name }] of Object.entries(CASES)) {
  test(`${rule} refuses what keeps others waiting or breaks them, and its safe form passes and runs`, async () => {
    const refused = await lintMigrations(migrationFolder({ '0001_account.sql': BEFORE, ...named([bad]) }));
    assert.deepEqual(
      refused.map((finding) => finding.rule),
      [rule],
    );
    assert.ok(refused[0]!.problem.length > 20 && refused[0]!.rewrite.length > 10);
    const folder = migrationFolder({ '0001_account.sql': BEFORE });
    await using schema = await freshSchema();
    await schema.apply(folder);
    addMigrations(folder, named(good, name));
    assert.deepEqual(await lintMigrations(folder), []);
    assert.equal(await schema.apply(folder, { contract: name === 'contract' }), good.length);
  });
}

test('a table that the same file makes may be treated in any way', async () => {
  const folder = migrationFolder({
    '0001_account.sql': `${BEFORE}
      create index on account (mail);
      alter table account add column email text not null;
      alter table account alter column mail set not null, add constraint known check (state <> '');
      update account set state = '';
      drop table team;`,
  });
  assert.deepEqual(await lintMigrations(folder), []);
});

test('a finding names the file and the line, whatever stands above it', async () => {
  const text = `-- größer: ; drop table account;\n/* create index on account (mail); */\nselect 'drop table account;', $x$ drop table account; $x$;\n\n-- why\ncreate index on account (mail);\n`;
  const [finding, ...more] = await lintMigrations(
    migrationFolder({ '0001_account.sql': BEFORE, '0002_index.sql': text }),
  );
  assert.deepEqual(more, []);
  assert.match(finding!.file, /0002_index\.sql$/);
  assert.equal(finding!.line, 6);
});

test('a comment with a reason allows one rule for one statement; without a reason, or for no rule, it is a finding', async () => {
  const lint = (text: string): Promise<string[]> =>
    lintMigrations(migrationFolder({ '0001_account.sql': BEFORE, '0002_index.sql': text })).then((found) =>
      found.map(({ rule, line }) => `${rule} ${line}`),
    );
  const index = 'create index on account (mail);';
  assert.deepEqual(await lint(`-- goblin: allow index-concurrently: ten rows\n${index}`), []);
  assert.deepEqual(await lint(`-- goblin: allow index-concurrently: ten rows\n${index}\n${index}`), [
    'index-concurrently 3',
  ]);
  assert.deepEqual(await lint(`-- goblin: allow drop-table: ten rows\n${index}`), ['index-concurrently 2']);
  assert.deepEqual(await lint(`-- goblin: allow index-concurrently:\n${index}`), ['allow 1']);
  assert.deepEqual(await lint(`-- goblin: allow indices: ten rows\nselect 1;`), ['allow 1']);
});

test('what is not SQL is a finding with its line', async () => {
  const found = await lintMigrations(migrationFolder({ '0001_a.sql': 'select 1;\nselekt 2;' }));
  assert.deepEqual(
    found.map(({ rule, line }) => [rule, line]),
    [['syntax', 2]],
  );
});

test('a header that cannot be read is refused and says what would be right', async () => {
  for (const [name, text, message] of [
    [
      '0001_a.sql',
      '-- goblin: no transactions\nselect 1',
      /0001_a\.sql, line 1: -- goblin: no transactions is not known/,
    ],
    ['0001_a.backfill.sql', 'update a set b = 1', /begins with a line like -- goblin: backfill/],
    [
      '0001_a.backfill.sql',
      '-- goblin: backfill table=a key=id\nupdate a set b = 1',
      /where id between :first and :last/,
    ],
    [
      '0001_a.backfill.sql',
      '-- goblin: backfill table=a key=id batch=0\nselect :first, :last',
      /from 1 to 50000/,
    ],
    ['0001_a.backfill.sql', '-- goblin: backfill table=a key=id size=5\nselect :first, :last', /no size=/],
    ['0001_a.sql', '-- goblin: backfill table=a key=id\nselect :first, :last', /a file of its own/],
  ] as const)
    await assert.rejects(lintMigrations(migrationFolder({ [name]: text })), {
      code: 'MIGRATION_FAILED',
      message,
    });
});
