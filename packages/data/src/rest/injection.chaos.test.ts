/** The negative specification: what no request may bring about, whatever stands in it. Each place of a request is given texts
 * that have broken others (GHSA-p46v-f2x8-qp98 among them: names of columns, tables and functions pasted into SQL). */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context } from '@goblin/core';
import { statementsOf, strangerIn } from '../fixtures/rest-statements.ts';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { openShop } from '../fixtures/shop-tables.ts';
import { RestError } from './rest-error.ts';

const AT_ONCE = 4;

const shop = await openShop();
after(() => shop[Symbol.asyncDispose]());

const BROKEN = [
  `'`,
  `"`,
  '`',
  `\\`,
  `''`,
  `""`,
  `\\'`,
  `\\"`,
  `'; drop table payment; --`,
  `"; drop table payment; --`,
  `' or '1'='1`,
  `" or "1"="1`,
  `1) or (1=1`,
  `1); delete from payment; --`,
  `id) from payment; delete from label; --`,
  `$1`,
  '$0',
  `$$`,
  `$x$`,
  `:id`,
  `?`,
  `--`,
  `/*`,
  `*/`,
  `;`,
  `)`,
  `(`,
  `()`,
  `,`,
  `.`,
  `:`,
  `::`,
  `!`,
  `->`,
  `->>`,
  `{`,
  `}`,
  `{"`,
  `{{}`,
  `{a,b}`,
  `[`,
  `[1,2)`,
  'empty',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\uffff',
  '\u202e',
  '\n',
  '\t',
  '%',
  '_',
  '*',
  '%00',
  '＇',
  'ʼ',
  'U&"\\0022"',
  `E'\\''`,
  'id::regclass',
  'pg_sleep(10)',
  `current_setting('goblin.tenant')`,
  'null',
  'NaN',
  'Infinity',
  '-1',
  '1e999',
  '99999999999999999999',
  '__proto__',
  'constructor',
  'toString',
  'valueOf',
  '(?:a*)*b',
  '[[:',
  'now',
  '0001-01-01 BC',
  '"'.repeat(500),
  '('.repeat(500),
  'x'.repeat(3_000),
];

/** Mixtures of them, the same each time. */
function mixtures(count: number): string[] {
  const random = seededRandom(11);
  const short = BROKEN.filter(({ length }) => length < 100);
  const one = (): string => short[random(short.length)]!;
  return Array.from({ length: count }, () =>
    Array.from({ length: 2 + random(3) }, one).join(random(2) ? '' : ' '),
  );
}

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

/** Places of a query string, by parameter. */
const PLACES: readonly ((text: string) => [name: string, value: string])[] = [
  (x) => ['select', x],
  (x) => ['select', `${x}:id`],
  (x) => ['select', `${quoted(x)}:id`],
  (x) => ['select', `id::${x}`],
  (x) => ['select', `data->${x}`],
  (x) => ['select', `data->>${quoted(x)}`],
  (x) => ['select', `id,customer(${x})`],
  (x) => ['select', `id,${quoted(x)}:customer(name)`],
  (x) => ['select', `id,${x}(id)`],
  (x) => ['select', `id,customer!${x}(id)`],
  (x) => ['select', `...${x}(id)`],
  (x) => [x, 'eq.1'],
  (x) => [quoted(x), 'is.null'],
  (x) => [`${x}.id`, 'eq.1'],
  (x) => ['note', x],
  (x) => ['note', `eq.${x}`],
  (x) => ['note', `not.neq.${x}`],
  (x) => ['note', `like.${x}`],
  (x) => ['note', `ilike.*${x}*`],
  (x) => ['note', `match.${x}`],
  (x) => ['note', `in.(${x})`],
  (x) => ['note', `in.(${quoted(x)})`],
  (x) => ['note', `like(any).${x}`],
  (x) => ['note', `eq(${x}).{}`],
  (x) => ['note', `fts.${x}`],
  (x) => ['note', `fts(${x}).a`],
  (x) => ['note', `plfts.${x}`],
  (x) => ['note', `wfts(english).${x}`],
  (x) => ['id', `eq.${x}`],
  (x) => ['id', `in.(1,${x})`],
  (x) => ['rate', `gt.${x}`],
  (x) => ['status', `eq.${x}`],
  (x) => ['refunded', `is.${x}`],
  (x) => ['created_at', `lt.${x}`],
  (x) => ['valid', `ov.${x}`],
  (x) => ['tags', `cs.${x}`],
  (x) => ['tags', `ov.{${x}}`],
  (x) => ['data', `cs.${x}`],
  (x) => [`data->>${x}`, 'eq.1'],
  (x) => [`data->${quoted(x)}`, `eq.${x}`],
  (x) => ['or', `(note.eq.${x})`],
  (x) => ['or', `(note.eq.${quoted(x)},id.eq.1)`],
  (x) => ['and', `(${x}.eq.1,not.or(id.eq.1))`],
  (x) => ['or', x],
  (x) => ['order', x],
  (x) => ['order', `id.${x}`],
  (x) => ['order', `data->>${quoted(x)}.desc`],
  (x) => ['limit', x],
  (x) => ['offset', x],
  (x) => ['columns', x],
  (x) => ['on_conflict', x],
];

function contents(): Promise<unknown> {
  return shop.db.many(`
    select query_to_xml('select * from payment order by id', false, false, '')::text as payment,
           query_to_xml('select * from customer order by id', false, false, '')::text as customer,
           query_to_xml('select * from label order by id', false, false, '')::text as label`);
}

/** Carries them out, a few at a time. No answer may be a failure that we did not foresee. */
async function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<Response>,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) {
      const response = await work(item);
      const text = await response.text();
      assert.ok(response.status < 500, `${JSON.stringify(item)} is answered with ${response.status} ${text}`);
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return statuses;
}

test('no text in any place of a query changes anything, or becomes part of the SQL', async () => {
  const before = await contents();
  const searches = PLACES.flatMap((place) =>
    [...BROKEN, ...mixtures(10)].map((text) => new URLSearchParams([place(text.toWellFormed())]).toString()),
  );
  const statuses = await each(searches, (search) => shop.fetch(`/rest/payment?${search}`));
  assert.deepEqual(await contents(), before);
  assert.ok(searches.length > 4_000, `${searches.length}`);
  assert.ok((statuses.get(200) ?? 0) > 1_000, 'many of them are good questions');
});

test('no mixture of texts brings a word into the SQL that is not ours', () => {
  let understood = 0;
  for (const text of [...BROKEN, ...mixtures(5)]) {
    for (const place of PLACES) {
      const search = new URLSearchParams([place(text.toWellFormed())]).toString();
      try {
        for (const statement of statementsOf(search, [{ id: 1, note: text }])) {
          assert.equal(strangerIn(statement), undefined, `${search}: ${statement.text}`);
          understood++;
        }
      } catch (error) {
        if (!(error instanceof RestError)) throw error;
      }
    }
  }
  assert.ok(understood > 10_000, `${understood}`);
});

test('no text in the path, a header, or the context does either', async () => {
  const before = await contents();
  await each(BROKEN, (text) => shop.fetch(`/rest/${encodeURIComponent(text.toWellFormed())}`));
  const sayable = BROKEN.filter((text) => /^[\x20-\x7e]+$/.test(text));
  const names = ['prefer', 'range', 'accept', 'accept-profile', 'range-unit'];
  const headers = sayable.flatMap((text) => names.map((name) => ({ [name]: text })));
  await each(headers, (one) => shop.fetch('/rest/payment?select=id', { headers: one }));
  const people = BROKEN.filter((text) => !text.includes('\u0000'));
  const answers = await each(people, async (text) => {
    const tables = shop.as({ actor: text, tenant: text });
    const { status } = await tables.from('payment').select('id');
    return new Response(null, { status });
  });
  assert.deepEqual([...answers.keys()], [200]);
  assert.deepEqual(await contents(), before);
  assert.equal(context.tenant, undefined);
});

test('whatever is written comes back as it was, and its keys are columns or nothing', async () => {
  const init = (body: unknown, method = 'POST'): RequestInit => ({
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', prefer: 'return=representation' },
  });
  const texts = [...BROKEN, ...mixtures(60)].filter(
    (text) => text.isWellFormed() && !text.includes('\u0000'),
  );
  await each(texts, async (text) => {
    const row = { customer_id: 1, amount_minor: 1, note: text, tags: [text, ''], data: { [text]: text } };
    const response = await shop.fetch('/rest/payment?select=id,note,tags,data', init([row]));
    assert.equal(response.status, 201, text);
    const [{ id, ...written }] = (await response.json()) as [{ id: number }];
    assert.deepEqual(written, { note: row.note, tags: row.tags, data: row.data });
    const changed = await shop.fetch(
      `/rest/payment?id=eq.${id}&select=note`,
      init({ note: `${text}!` }, 'PATCH'),
    );
    assert.deepEqual(await changed.json(), [{ note: `${text}!` }]);
    return shop.fetch(`/rest/payment?id=eq.${id}&note=eq.${encodeURIComponent(`${text}!`)}`, {
      method: 'DELETE',
    });
  });
  const before = await contents();
  const keys = await each(BROKEN, (text) => shop.fetch('/rest/label', init({ id: 1, [text]: 'x' })));
  assert.deepEqual([...keys.keys()], [400]);
  const types = ['id', 'amount_minor', 'status', 'tags', 'rate', 'refunded', 'valid', 'created_at'];
  const wrong = BROKEN.flatMap((text) => types.map((type) => ({ id: 1, customer_id: 1, [type]: text })));
  // Some are values of their types, and stand in the way of the row that is there.
  await each(wrong, (row) => shop.fetch('/rest/payment', init(row)));
  await shop.db.query(`delete from payment where id not in (1, 2, 3, 4)`);
  assert.deepEqual(await contents(), before);
});
