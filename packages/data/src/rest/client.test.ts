/** What Supabase's client of PostgREST asks for, and gets. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openShop } from '../fixtures/shop-tables.ts';

const shop = await openShop();
after(() => shop[Symbol.asyncDispose]());
const { client } = shop;

/** The ids that a read finds. */
async function ids(query: PromiseLike<{ data: unknown; error: unknown }>): Promise<number[]> {
  const { data, error } = await query;
  assert.equal(error, null);
  return (data as { id: number }[]).map(({ id }) => id);
}

test('a select gives the columns asked for, under the names asked for', async () => {
  const { data } = await client
    .from('payment')
    .select('id, total:amount_minor, kind:data->>kind, data->lines->0->n, note::text')
    .eq('id', 1);
  assert.deepEqual(data, [{ id: 1, total: 100, kind: 'card', n: 1, note: 'first cat' }]);
  const all = await client.from('customer').select().eq('id', 1);
  assert.deepEqual(all.data, [{ id: 1, name: 'Ada', email: 'ada@example.com', referred_by: null }]);
});

test('every filter of the client finds what it says', async () => {
  const payments = () => client.from('payment').select('id').order('id');
  assert.deepEqual(await ids(payments().eq('status', 'paid')), [1, 3]);
  assert.deepEqual(await ids(payments().neq('status', 'paid')), [2, 4]);
  assert.deepEqual(await ids(payments().gt('amount_minor', 100)), [2, 3]);
  assert.deepEqual(await ids(payments().gte('amount_minor', 100)), [1, 2, 3]);
  assert.deepEqual(await ids(payments().lt('amount_minor', 100)), [4]);
  assert.deepEqual(await ids(payments().lte('amount_minor', 100)), [1, 4]);
  assert.deepEqual(await ids(payments().like('note', '%cat')), [1]);
  assert.deepEqual(await ids(payments().like('note', '*cat')), [1]);
  assert.deepEqual(await ids(payments().ilike('note', 'FIRST*')), [1]);
  assert.deepEqual(await ids(payments().likeAnyOf('note', ['first*', '50*'])), [1, 3]);
  assert.deepEqual(await ids(payments().ilikeAllOf('note', ['*FIRST*', '*CAT*'])), [1]);
  assert.deepEqual(await ids(payments().regexMatch('note', '^\\d+%')), [3]);
  assert.deepEqual(await ids(payments().regexIMatch('note', 'CAT$')), [1]);
  assert.deepEqual(await ids(payments().is('note', null)), [2]);
  assert.deepEqual(await ids(payments().is('refunded', true)), [1]);
  assert.deepEqual(await ids(payments().not('refunded', 'is', null)), [1, 3]);
  assert.deepEqual(await ids(payments().isDistinct('refunded', 'true' as never)), [2, 3, 4]);
  assert.deepEqual(await ids(payments().in('id', [1, 3, 99])), [1, 3]);
  assert.deepEqual(await ids(payments().in('id', [])), []);
  assert.deepEqual(await ids(payments().notIn('id', [1, 3])), [2, 4]);
  assert.deepEqual(
    await ids(client.from('customer').select('id').in('name', ['Ada', 'Cyd']).order('id')),
    [1, 3],
  );
  assert.deepEqual(await ids(payments().contains('tags', ['b'])), [1, 2]);
  assert.deepEqual(await ids(payments().containedBy('tags', ['b', 'c'])), [2, 3, 4]);
  assert.deepEqual(await ids(payments().overlaps('tags', ['a', 'c'])), [1, 4]);
  assert.deepEqual(await ids(payments().contains('data', { kind: 'card' })), [1, 4]);
  assert.deepEqual(await ids(payments().rangeLt('valid', '[2026-02-15,2026-03-01)')), [1]);
  assert.deepEqual(await ids(payments().rangeGt('valid', '[2026-02-15,2026-03-01)')), [2]);
  assert.deepEqual(await ids(payments().rangeGte('valid', '[2026-02-15,2026-03-01)')), [2]);
  assert.deepEqual(await ids(payments().rangeLte('valid', '[2026-02-15,2026-03-01)')), [1]);
  assert.deepEqual(await ids(payments().rangeAdjacent('valid', '[2026-02-01,2026-03-01)')), [1, 2]);
  assert.deepEqual(await ids(payments().overlaps('valid', '[2026-01-15,2026-01-16)')), [1]);
  assert.deepEqual(await ids(payments().textSearch('note', 'cat | dogs', { config: 'english' })), [1, 3]);
  assert.deepEqual(
    await ids(payments().textSearch('note', 'first cats', { config: 'english', type: 'plain' })),
    [1],
  );
  assert.deepEqual(await ids(payments().textSearch('note', '"first cat" -dog', { type: 'websearch' })), [1]);
  assert.deepEqual(await ids(payments().match({ status: 'open', customer_id: 1 })), [2]);
  assert.deepEqual(await ids(payments().eq('data->>kind', 'card')), [1, 4]);
  assert.deepEqual(await ids(payments().gt('data->lines->1->n', 1)), [1]);
  assert.deepEqual(await ids(payments().filter('amount_minor', 'not.gt', 100)), [1, 4]);
});

test('or and and stand in each other, with quoted values', async () => {
  const payments = () => client.from('payment').select('id').order('id');
  assert.deepEqual(await ids(payments().or('id.eq.4,and(status.eq.paid,amount_minor.lt.200)')), [1, 4]);
  assert.deepEqual(await ids(payments().or('note.is.null,not.and(status.neq.void,id.gt.0)')), [2, 4]);
  assert.deepEqual(await ids(payments().or('id.in.(1,2),tags.cs.{c}')), [1, 2, 4]);
  assert.deepEqual(
    await ids(client.from('customer').select('id').or('name.eq."Bob, \\"the\\" Builder",email.eq.none')),
    [2],
  );
});

test('rows come in the order asked for, by pages, with where they stand', async () => {
  const by = client
    .from('payment')
    .select('id')
    .order('note', { ascending: false, nullsFirst: false })
    .order('id');
  assert.deepEqual(await ids(by), [4, 1, 3, 2]);
  const page = await client.from('payment').select('id', { count: 'exact' }).order('id').range(1, 2);
  assert.deepEqual([page.status, page.count, page.data], [206, 4, [{ id: 2 }, { id: 3 }]]);
  const head = await client.from('payment').select('*', { count: 'exact', head: true }).eq('status', 'paid');
  assert.deepEqual([head.count, head.data], [2, null]);
  assert.equal((await client.from('payment').select('id', { count: 'estimated' })).count, 4);
  assert.ok((await client.from('payment').select('id', { count: 'planned' })).count! > 0);
  const beyond = await client.from('payment').select('id', { count: 'exact' }).range(10, 20);
  assert.deepEqual([beyond.status, beyond.error?.code], [416, 'PGRST103']);
});

test('related rows are embedded along foreign keys, one, many and by a table between', async () => {
  const { data } = await client
    .from('payment')
    .select('id, customer(name, email), receipt(number), label(word), who:customer_id(id)')
    .order('word', { referencedTable: 'label', ascending: false })
    .order('id')
    .limit(2);
  assert.deepEqual(data, [
    {
      id: 1,
      customer: { name: 'Ada', email: 'ada@example.com' },
      receipt: { number: 'R-1' },
      label: [{ word: 'vip' }, { word: 'new' }],
      who: { id: 1 },
    },
    {
      id: 2,
      customer: { name: 'Ada', email: 'ada@example.com' },
      receipt: null,
      label: [{ word: 'vip' }],
      who: { id: 1 },
    },
  ]);
  const customers = await client
    .from('customer')
    .select('name, payment(id, label(word)), referrer:referred_by(name)')
    .order('id')
    .eq('payment.status', 'open')
    .limit(1, { referencedTable: 'payment' });
  assert.deepEqual(customers.data?.[0], {
    name: 'Ada',
    payment: [{ id: 2, label: [{ word: 'vip' }] }],
    referrer: null,
  });
  assert.deepEqual(customers.data?.[2], { name: 'Cyd', payment: [], referrer: { name: 'Ada' } });
});

test('an inner embedding leaves out rows without a related one, and counts so', async () => {
  const paid = await client
    .from('payment')
    .select('id, customer!inner(name)', { count: 'exact' })
    .eq('customer.name', 'Ada')
    .order('id');
  assert.deepEqual([paid.count, paid.data?.map(({ id }) => id)], [2, [1, 2]]);
  const spread = await client.from('payment').select('id, ...customer(who:name)').eq('id', 4);
  assert.deepEqual(spread.data, [{ id: 4, who: 'Cyd' }]);
});

test('single and maybeSingle give one row, or say how many there are', async () => {
  const { data } = await client.from('payment').select('id').eq('id', 1).single();
  assert.deepEqual(data, { id: 1 });
  const none = await client.from('payment').select('id').eq('id', 99).single();
  assert.deepEqual(
    [none.status, none.error?.code, none.error?.details],
    [406, 'PGRST116', 'The result contains 0 rows'],
  );
  const several = await client.from('payment').select('id').single();
  assert.equal(several.error?.details, 'The result contains 4 rows');
  assert.equal((await client.from('payment').select('id').eq('id', 99).maybeSingle()).data, null);
});

test('numbers keep all their digits on the way out and in', async () => {
  const response = await shop.fetch('/rest/payment?select=amount_minor,rate&id=in.(2,3)&order=id');
  assert.equal(
    await response.text(),
    '[{"amount_minor" : 250, "rate" : 12345678901234567890.123456789}, {"amount_minor" : 9007199254740993, "rate" : null}]',
  );
  await shop.fetch('/rest/payment', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"id": 50, "customer_id": 1, "amount_minor": 9007199254740995, "rate": 0.1234567890123456789012345}',
  });
  const rows = await shop.db.many('select amount_minor::text, rate from payment where id = 50');
  assert.deepEqual(rows, [{ amount_minor: '9007199254740995', rate: '0.1234567890123456789012345' }]);
  await client.from('payment').delete().eq('id', 50);
});

test('csv has a header, quotes what needs it, and leaves nulls empty', async () => {
  const { data } = await client.from('customer').select('id,name,email').order('id').csv();
  assert.equal(
    data,
    'id,name,email\r\n1,Ada,ada@example.com\r\n2,"Bob, ""the"" Builder",\r\n3,Cyd,c@example.com',
  );
});

test('inserts, one and many, answer with nothing or with the rows, embedded ones too', async () => {
  const minimal = await client.from('label').insert({ id: 10, word: 'ten' });
  assert.deepEqual([minimal.status, minimal.data, minimal.error], [201, null, null]);
  const many = await client
    .from('label')
    .insert([
      { id: 11, word: 'a' },
      { word: 'b', id: 12 },
    ])
    .select();
  assert.deepEqual(many.data, [
    { id: 11, word: 'a' },
    { id: 12, word: 'b' },
  ]);
  const paid = await client
    .from('payment')
    .insert({ id: 60, customer_id: 2, amount_minor: 5, tags: ['x', 'y "z"'], data: { a: [1, null] } })
    .select('amount_minor, tags, data, status, customer(name)')
    .single();
  assert.deepEqual(paid.data, {
    amount_minor: 5,
    tags: ['x', 'y "z"'],
    data: { a: [1, null] },
    status: 'open',
    customer: { name: 'Bob, "the" Builder' },
  });
  const defaults = await client
    .from('payment')
    .insert(
      [
        { id: 61, customer_id: 1, amount_minor: 6 },
        { id: 62, customer_id: 1, amount_minor: 7, status: 'void' },
      ] as never,
      { defaultToNull: false },
    )
    .select('id, status');
  assert.deepEqual(defaults.data, [
    { id: 61, status: 'open' },
    { id: 62, status: 'void' },
  ]);
  assert.equal((await client.from('payment').delete({ count: 'exact' }).gte('id', 60)).count, 3);
  await client.from('label').delete().gte('id', 10);
});

test('an upsert merges or ignores duplicates, by the primary key or another unique rule', async () => {
  const merged = await client
    .from('label')
    .upsert([
      { id: 1, word: 'newer' },
      { id: 20, word: 'x' },
    ])
    .select();
  assert.deepEqual(merged.data, [
    { id: 1, word: 'newer' },
    { id: 20, word: 'x' },
  ]);
  const ignored = await client
    .from('label')
    .upsert({ id: 1, word: 'no' }, { ignoreDuplicates: true })
    .select();
  assert.deepEqual(ignored.data, []);
  const byName = await client
    .from('customer')
    .upsert({ id: 1, name: 'Ada', email: 'a@b.c' }, { onConflict: 'name' })
    .select('email')
    .single();
  assert.deepEqual(byName.data, { email: 'a@b.c' });
  const wrong = await client.from('customer').upsert({ id: 1, name: 'Ada' }, { onConflict: 'email' });
  assert.equal(wrong.error?.code, '42P10');
  await client.from('customer').update({ email: 'ada@example.com' }).eq('id', 1);
  await client.from('label').delete().eq('id', 20);
  await client.from('label').update({ word: 'new' }).eq('id', 1);
});

test('updates and deletes change what the filters say, and answer as asked', async () => {
  await client.from('label').insert([
    { id: 30, word: 'a' },
    { id: 31, word: 'b' },
    { id: 32, word: 'c' },
  ]);
  const changed = await client
    .from('label')
    .update({ word: 'z' }, { count: 'exact' })
    .gt('id', 30)
    .select('id')
    .order('id', { ascending: false });
  assert.deepEqual([changed.status, changed.count, changed.data], [200, 2, [{ id: 32 }, { id: 31 }]]);
  const quiet = await client.from('label').update({ word: 'y' }).eq('id', 30);
  assert.deepEqual([quiet.status, quiet.data], [204, null]);
  const gone = await client.from('label').delete().or('id.eq.30,word.eq.z').select();
  assert.equal(gone.data?.length, 3);
  const nobody = await client.from('label').update({ word: 'q' }).eq('id', 999).select().single();
  assert.equal(nobody.error?.code, 'PGRST116');
});

test('what a rule of the database refuses comes back with its SQLSTATE', async () => {
  const twice = await client.from('label').insert({ id: 1, word: 'again' });
  assert.deepEqual([twice.status, twice.error?.code], [409, '23505']);
  assert.match(twice.error!.message, /duplicate key value violates unique constraint "label_pkey"/);
  const orphan = await client.from('payment').insert({ customer_id: 99, amount_minor: 1 });
  assert.deepEqual([orphan.status, orphan.error?.code], [409, '23503']);
  const negative = await client.from('payment').insert({ customer_id: 1, amount_minor: -1 });
  assert.deepEqual([negative.status, negative.error?.code], [400, '23514']);
  const noNumber = await client
    .from('payment')
    .select()
    .eq('id', 'seven' as never);
  assert.deepEqual([noNumber.status, noNumber.error?.code], [400, '22P02']);
  const noStatus = await client.from('payment').select().eq('status', 'lost');
  assert.deepEqual([noStatus.status, noStatus.error?.code], [400, '22P02']);
});

test('names with anything in them can be selected, filtered and written', async () => {
  const odd = () => client.from('odd "name"');
  const { data } = await odd().select('"a $1 b", select, "x.y,z", t:twice').eq('a $1 b', 1).order('a $1 b');
  assert.deepEqual(data, [{ 'a $1 b': 1, select: 'one', 'x.y,z': 'xyz', t: 2 }]);
  const quoted = await shop.fetch(
    `/rest/${encodeURIComponent('odd "name"')}?%22x.y%2Cz%22=eq.xyz&select=select`,
  );
  assert.deepEqual(await quoted.json(), [{ select: 'one' }]);
  const written = await odd()
    .insert({ 'a $1 b': 5, 'x.y,z': '$1', select: ';--' })
    .select('x:"x.y,z", select, twice')
    .single();
  assert.deepEqual(written.data, { x: '$1', select: ';--', twice: 10 });
  assert.equal(
    (
      await odd()
        .update({ twice: 3 } as never)
        .eq('a $1 b', 5)
    ).error?.code,
    '428C9',
  );
  await odd().delete().eq('a $1 b', 5);
});

test('views are read like tables', async () => {
  const { data } = await client.from('v_revenue').select('customer_id, minor').order('customer_id');
  assert.deepEqual(data, [
    { customer_id: 1, minor: 100 },
    { customer_id: 2, minor: 9007199254740992 },
  ]);
  const refused = await client.from('v_revenue').insert({ minor: 1 });
  assert.deepEqual([refused.status, refused.error?.code], [405, '55000']);
});
