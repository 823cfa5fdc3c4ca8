/** What requests may and may not do, beside what the client's own tests show. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, testTelemetry } from '@goblin/core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { until } from '../fixtures/processes.ts';
import { openShop } from '../fixtures/shop-tables.ts';
import { testDatabase } from '../testing/test-database.ts';
import { MAX_TERMS } from './bounds.ts';
import { type RestOptions, rest } from './rest.ts';

const shop = await openShop({ maxRows: 10 });
after(() => shop[Symbol.asyncDispose]());

interface Problem {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly message: string;
  readonly detail: string;
  readonly details: string | null;
}

/** The problem that a request is answered with. */
async function problem(path: string, init?: RequestInit): Promise<Problem> {
  const response = await shop.fetch(path, init);
  assert.equal(response.headers.get('content-type'), 'application/problem+json', path);
  const body = (await response.json()) as Problem;
  assert.equal(body.status, response.status);
  assert.equal(body.detail, body.message);
  return body;
}

function send(method: string, body: unknown, prefer = ''): RequestInit {
  return {
    method,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', prefer },
  };
}

test('an error is a problem of RFC 9457 and one of PostgREST in the same body', async () => {
  const { message, ...rest } = await problem('/rest/payment?nothing=eq.1');
  assert.equal(message, `Could not find the 'nothing' column of 'payment' in the schema cache`);
  assert.deepEqual(rest, {
    code: 'PGRST204',
    details: null,
    hint: null,
    type: 'about:blank',
    title: 'INVALID_INPUT',
    status: 400,
    detail: message,
  });
});

test('only tables that are named are served, embedded or walked through', async () => {
  assert.equal((await problem('/rest/hidden')).code, 'PGRST205');
  assert.equal((await problem('/rest/pg_roles')).code, 'PGRST205');
  assert.equal((await problem('/rest/goblin.event')).status, 404);
  assert.equal((await problem('/rest/customer?select=id,hidden(id)')).code, 'PGRST200');
});

test('a request acts as the role of its caller: rights decide', async () => {
  const anonymous = shop.as({});
  assert.equal((await anonymous.from('label').select()).error, null);
  const refused = await anonymous.from('label').insert({ id: 99, word: 'x' });
  assert.deepEqual([refused.status, refused.error?.code], [403, '42501']);
  assert.match(refused.error!.message, /permission denied for table label/);
});

test('row-level security decides, by tenant, actor or claims, and without a tenant nothing is shown', async () => {
  const { db, roles } = shop;
  await db.query(`create table secret (id integer primary key, word text, owner text)`);
  await db.query(`select goblin.isolate('secret')`);
  await db.query(`create policy own on secret as restrictive for select
    using (owner = current_setting('request.jwt.claims')::json ->> 'sub')`);
  await db.query(`grant select, insert, update, delete on secret to "${roles.writer}"`);
  const { routes } = rest(db, { tables: ['secret'], roles: { anonymous: roles.writer } });
  const as = (values: object, search = '', init?: RequestInit): Promise<Response> =>
    context.run(values, () =>
      routes['GET /rest/:table']!(new Request(`http://shop/rest/secret${search}`, init), undefined, {
        table: 'secret',
      }),
    );
  const insert = (id: number): RequestInit => send('POST', { id, word: `w${id}`, owner: 'ann' });
  assert.equal((await as({ tenant: 'red', actor: 'ann' }, '', insert(1))).status, 201);
  assert.equal((await as({ tenant: 'blue', actor: 'ann' }, '', insert(2))).status, 201);
  const seen = async (values: object): Promise<unknown> => (await as(values, '?select=id')).json();
  assert.deepEqual(await seen({ tenant: 'red', actor: 'ann' }), [{ id: 1 }]);
  assert.deepEqual(await seen({ tenant: 'blue', actor: 'ann' }), [{ id: 2 }]);
  assert.deepEqual(await seen({ tenant: 'blue', actor: 'bob' }), []);
  const nobody = await as({ actor: 'ann' });
  assert.deepEqual([nobody.status, ((await nobody.json()) as Problem).title], [403, 'TENANT_REQUIRED']);
  const handed = await as({ tenant: 'red', actor: 'ann' }, '?id=eq.1', send('PATCH', { tenant: 'blue' }));
  assert.equal(handed.status, 403);
  const others = await as({ tenant: 'red', actor: 'ann' }, '?id=eq.2', send('DELETE', ''));
  assert.deepEqual([others.status, others.headers.get('content-range')], [204, '*/*']);
  assert.deepEqual(await seen({ tenant: 'blue', actor: 'ann' }), [{ id: 2 }]);
});

test('a role that is not there, not granted, or not bound by row-level security is refused', async () => {
  const telemetry = testTelemetry();
  await using db = await testDatabase({ telemetry });
  await db.query('create table note (id integer)');
  for (const anonymous of [
    'nobody-here',
    shop.roles.reader,
    db.schema,
    'postgres',
    '"; drop table note; --',
    '',
  ]) {
    const { routes } = rest(db, { tables: ['note'], roles: { anonymous } });
    const response = await routes['GET /rest/:table']!(new Request('http://x/rest/note'), undefined, {
      table: 'note',
    });
    assert.deepEqual(
      [response.status, ((await response.json()) as Problem).title],
      [500, 'CONFIG_INVALID'],
      anonymous,
    );
  }
});

test('a read changes nothing, whatever its view does', async () => {
  const { db, roles } = shop;
  await db.query(`
    create function wrong() returns integer language plpgsql security definer set search_path = "${db.schema}" as $$ begin insert into label values (77, 'x'); return 1; end $$;
    create view v_wrong as select wrong() as n;
    grant select on v_wrong to "${roles.reader}";
  `);
  const { routes } = rest(db, { tables: ['v_wrong'], roles: { anonymous: roles.reader } });
  const response = await routes['GET /rest/:table']!(new Request('http://x/rest/v_wrong'), undefined, {
    table: 'v_wrong',
  });
  assert.equal(((await response.json()) as Problem).code, '25006');
  assert.deepEqual(await db.many('select * from label where id = 77'), []);
});

test('a change of all rows is refused, and one of more rows than may be is rolled back', async () => {
  assert.equal((await problem('/rest/label', send('DELETE', ''))).code, '21000');
  assert.equal((await problem('/rest/label', send('PATCH', { word: 'x' }))).code, '21000');
  const objects = Array.from({ length: 10 }, (_, i) => ({ id: 100 + i, word: 'many' }));
  assert.equal((await shop.fetch('/rest/label', send('POST', objects))).status, 201);
  assert.equal(
    (await problem('/rest/label', send('POST', [...objects, { id: 200, word: 'y' }]))).status,
    413,
  );
  const all = await problem('/rest/label?id=gt.0', send('PATCH', { word: 'x' }));
  assert.deepEqual([all.code, all.message], ['PGRST124', 'this would change 12 rows, and 10 at most may be']);
  const strict = 'handling=strict, max-affected=3';
  assert.equal((await problem('/rest/label?word=eq.many', send('DELETE', '', strict))).code, 'PGRST124');
  assert.deepEqual(await shop.db.many(`select distinct word from label where id >= 100`), [{ word: 'many' }]);
  await shop.fetch('/rest/label?id=gte.100', send('DELETE', ''));
  const open = await openShop({ allowUnfiltered: true });
  await using _ = open;
  assert.equal((await open.fetch('/rest/payment_label', send('DELETE', ''))).status, 204);
});

test('one row that is wanted and not had is not kept', async () => {
  const accept = { accept: 'application/vnd.pgrst.object+json', prefer: 'return=representation' };
  const init = send('POST', [
    { id: 300, word: 'a' },
    { id: 301, word: 'b' },
  ]);
  const { code } = await problem('/rest/label', { ...init, headers: { ...init.headers, ...accept } });
  assert.equal(code, 'PGRST116');
  assert.deepEqual(await shop.db.many('select * from label where id >= 300'), []);
});

test('no list is longer than maxRows, whatever is asked for', async () => {
  await shop.db.query(`insert into label select n, 'l' from generate_series(1000, 1050) as n`);
  const length = async (path: string): Promise<number> =>
    ((await (await shop.fetch(path)).json()) as unknown[]).length;
  assert.equal(await length('/rest/label'), 10);
  assert.equal(await length('/rest/label?limit=1000000'), 10);
  assert.equal(await length('/rest/label?limit=3'), 3);
  assert.equal(await length('/rest/label?limit=0'), 0);
  await shop.db.query(`insert into payment_label select 3, n from generate_series(1000, 1050) as n`);
  const [row] = (await (await shop.fetch('/rest/payment?id=eq.3&select=label(id)')).json()) as {
    label: unknown[];
  }[];
  assert.equal(row!.label.length, 10);
  const counted = await shop.fetch('/rest/label?id=gte.1000', { headers: { prefer: 'count=exact' } });
  assert.deepEqual([counted.status, counted.headers.get('content-range')], [206, '0-9/51']);
  await shop.db.query('delete from payment_label where label_id >= 1000');
  await shop.db.query('delete from label where id >= 1000');
});

test('a request ends at its timeout, on the server too', async () => {
  const { db, roles } = shop;
  await db.query(
    `create view v_slow as select pg_sleep(20)::text as slept; grant select on v_slow to "${roles.reader}"`,
  );
  const { routes } = rest(db, { tables: ['v_slow'], roles: { anonymous: roles.reader }, timeout: '200ms' });
  await db.query('select 1');
  const response = await routes['GET /rest/:table']!(new Request('http://x/rest/v_slow'), undefined, {
    table: 'v_slow',
  });
  assert.equal(response.status, 504);
  await until(async () => {
    const { running } = await db.one<{ running: number }>(
      `select count(*) as running from pg_stat_activity where state = 'active' and query like '%v_slow%' and pid <> pg_backend_pid()`,
    );
    return running === 0;
  });
});

test('an answer that is too long is refused before it leaves the database', async () => {
  const { db, roles } = shop;
  await db.query(
    `create view v_long as select repeat('x', 17 * 1048576) as x; grant select on v_long to "${roles.reader}"`,
  );
  const { routes } = rest(db, { tables: ['v_long'], roles: { anonymous: roles.reader } });
  const response = await routes['GET /rest/:table']!(new Request('http://x/rest/v_long'), undefined, {
    table: 'v_long',
  });
  assert.equal(response.status, 413);
});

test('queries that are too long, too deep or have too many terms are refused', async () => {
  const long = await problem(`/rest/label?word=eq.${'x'.repeat(20_000)}`);
  assert.match(long.message, /characters/);
  const deep = await problem(`/rest/label?or=${'(and'.repeat(20)}(id.eq.1)${')'.repeat(20)}`);
  assert.match(deep.message, /deep/);
  const embedded = await problem(`/rest/customer?select=${'payment(customer('.repeat(9)}id${'))'.repeat(9)}`);
  assert.match(embedded.message, /deep/);
  const many = await problem(`/rest/label?id=in.(${'1,'.repeat(MAX_TERMS)}1)`);
  assert.match(many.message, /terms/);
});

test('bodies that are no JSON, no rows, too deep or of another type are refused', async () => {
  for (const body of ['', '{', '7', '"x"', '[1]', '[[]]', 'null', '[{"id":1},{"word":"x"}]'])
    assert.equal((await problem('/rest/label', send('POST', body))).code, 'PGRST102', body);
  const deep = `{"id": 1, "word": ${'['.repeat(100)}${']'.repeat(100)}}`;
  assert.match((await problem('/rest/label', send('POST', deep))).message, /deep/);
  assert.equal((await problem('/rest/label', send('POST', { nope: 1 }))).code, 'PGRST204');
  const xml = { method: 'POST', body: '<x/>', headers: { 'content-type': 'text/xml' } };
  assert.equal((await problem('/rest/label', xml)).status, 415);
  const empty = await shop.fetch('/rest/label', send('POST', [], 'return=representation'));
  assert.deepEqual([empty.status, await empty.json()], [201, []]);
});

test('headers: ranges, media, schemas', async () => {
  const range = (text: string): RequestInit => ({ headers: { range: text, prefer: 'count=exact' } });
  const some = await shop.fetch('/rest/payment?order=id&select=id', range('1-2'));
  assert.deepEqual([some.headers.get('content-range'), await some.json()], ['1-2/4', [{ id: 2 }, { id: 3 }]]);
  const open = await shop.fetch('/rest/payment?order=id&select=id&limit=3', range('2-'));
  assert.deepEqual(await open.json(), [{ id: 3 }]);
  assert.equal((await problem('/rest/payment', range('9-'))).code, 'PGRST103');
  assert.equal((await problem('/rest/payment', range('3-1'))).code, 'PGRST103');
  assert.equal((await problem('/rest/payment', { headers: { accept: 'image/png' } })).status, 406);
  assert.equal(
    (await problem('/rest/payment', { headers: { 'accept-profile': 'goblin' } })).code,
    'PGRST106',
  );
  const bare = await shop.fetch('/rest/customer?id=eq.1&select=id,referred_by', {
    headers: { accept: 'application/vnd.pgrst.array+json;nulls=stripped' },
  });
  assert.deepEqual(await bare.json(), [{ id: 1 }]);
  const head = await shop.fetch('/rest/payment', { method: 'HEAD' });
  assert.equal(head.headers.get('content-range'), '0-3/*');
});

test('preferences that are not known are passed over, or refused where handling is strict', async () => {
  const prefer = (text: string): RequestInit => ({ headers: { prefer: text } });
  const lenient = await shop.fetch(
    '/rest/label?select=id',
    prefer('count=exact, tx=rollback, count=planned, sing'),
  );
  assert.equal(lenient.headers.get('preference-applied'), 'count=exact');
  const strict = await problem('/rest/label', prefer('handling=strict, tx=rollback'));
  assert.deepEqual([strict.code, strict.details], ['PGRST122', 'Invalid preferences: tx=rollback']);
});

test('a table may have more columns than a function takes arguments', async () => {
  const { db, roles } = shop;
  const columns = Array.from({ length: 120 }, (_, i) => `c${i} integer default ${i}`);
  await db.query(
    `create table wide (${columns.join(', ')}); grant select, insert on wide to "${roles.writer}"`,
  );
  const { routes } = rest(db, { tables: ['wide'], roles: { anonymous: roles.writer } });
  const ask = (init: RequestInit): Promise<Response> =>
    routes['POST /rest/:table']!(new Request('http://x/rest/wide', init), undefined, { table: 'wide' });
  await ask(send('POST', { c0: null }));
  const [row] = (await (await ask({})).json()) as Record<string, number | null>[];
  assert.deepEqual(
    Object.entries(row!),
    columns.map((_, i) => [`c${i}`, i === 0 ? null : i]),
  );
});

test('what does not fit a type is said before the database is asked', async () => {
  const codes: Record<string, string> = {
    'amount_minor=like.1*': '42883',
    'note=cs.x': '42883',
    'note=is.true': '42883',
    'amount_minor=fts.x': '42883',
    'note=fts.a b': '42601',
    'note=fts(klingon).a': '42704',
    'note->x=eq.1': '42883',
    'note=in(any).(1)': 'PGRST100',
    'note=eq(some).1': 'PGRST100',
    'note=foo.1': 'PGRST100',
    'note=is.maybe': 'PGRST100',
    'select=note::regclass': 'PGRST100',
    'select=id,nobody(x)': 'PGRST200',
    'select=payment_label(label(id)),...payment_label(label_id)': 'PGRST119',
    'nobody.id=eq.1': 'PGRST108',
    'order=nope': 'PGRST204',
    'order=id.up': 'PGRST100',
    'limit=-1': 'PGRST100',
    'limit=1;drop': 'PGRST100',
    'or=()': 'PGRST100',
    'select=id,': 'PGRST100',
    'note=match.(': '2201B',
  };
  for (const [search, code] of Object.entries(codes))
    assert.equal((await problem(`/rest/payment?${encodeURI(search)}`)).code, code, search);
});

test('two ways to the same table have to be told apart', async () => {
  const ambiguous = await problem('/rest/customer?select=id,customer(id)');
  assert.deepEqual([ambiguous.code, ambiguous.status], ['PGRST201', 300]);
  const up = await shop.fetch('/rest/customer?select=id,customer!referred_by(id)&id=eq.2');
  assert.deepEqual(await up.json(), [{ id: 2, customer: { id: 1 } }]);
  const down = await shop.fetch(
    '/rest/customer?select=id,customer!customer_referred_by_fkey(id)&id=eq.1&customer.order=id',
  );
  assert.deepEqual(await down.json(), [{ id: 1, customer: [{ id: 2 }, { id: 3 }] }]);
});

test('a change of the schema is found in the background, and no request waits for it', async () => {
  const { db, roles } = shop;
  await db.query(`create table young (id integer primary key); grant select on young to "${roles.reader}"`);
  const { routes } = rest(db, { tables: ['young'], roles: { anonymous: roles.reader } });
  const get = async (search: string): Promise<number> =>
    (
      await routes['GET /rest/:table']!(new Request(`http://x/rest/young${search}`), undefined, {
        table: 'young',
      })
    ).status;
  assert.equal(await get(''), 200);
  await db.query('alter table young add column age integer');
  // The doubt that this request raises makes a later one right.
  await until(async () => (await get('?age=is.null')) === 200);
  await db.query('alter table young drop column age');
  assert.equal(await get(''), 503);
  await until(async () => (await get('')) === 200);
});

test('the tables are described by OpenAPI', async () => {
  const { client } = shop;
  const document = await shop.tables.openapi();
  const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
  assert.ok(valid, JSON.stringify(errors));
  assert.deepEqual(Object.keys(document.paths['/rest/v_revenue']!), ['get']);
  assert.deepEqual(Object.keys(document.paths['/rest/label']!), ['get', 'post', 'patch', 'delete']);
  const { data } = await client.getOpenApiSpec();
  assert.equal((data as { openapi?: string }).openapi, '3.1.1');
});

test('options that cannot be are refused at the start', () => {
  const options = { tables: [], roles: { anonymous: 'x' } } satisfies RestOptions;
  assert.throws(() => rest(shop.db, { ...options, prefix: 'rest' }), { code: 'CONFIG_INVALID' });
  assert.throws(() => rest(shop.db, { ...options, maxRows: 0 }), { code: 'CONFIG_INVALID' });
});
