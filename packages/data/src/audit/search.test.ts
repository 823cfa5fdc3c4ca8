import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context } from '@goblin/core';
import { auditTrail } from '../fixtures/audit-trail.ts';
import { formatAudit } from './export.ts';
import { type AuditFilter, readAudit, searchAudit } from './search.ts';

test('entries are found by who, what, to what, when and by any text in them, newest first', async () => {
  await using trail = await auditTrail();
  const as = (actor: string, tenant: string, ...records: Parameters<typeof trail.write>): Promise<void> =>
    context.run({ actor, tenant }, () => trail.write(...records));
  await as('ada', 'acme', { action: 'payment.made' }, { action: 'payment.refunded', reason: 'Broken 100%' });
  await as('bob', 'acme', {
    action: 'user.renamed',
    subject: { type: 'user', id: 'u_1' },
    after: { name: 'Zoë' },
  });
  await as('ada', 'other', { action: 'paymentx.made', subject: { type: 'payment', id: 'p-9' } });
  const found = async (filter: AuditFilter): Promise<string[]> =>
    (await searchAudit(trail.db, filter)).entries.map(({ action }) => action);
  assert.deepEqual(await found({}), ['paymentx.made', 'user.renamed', 'payment.refunded', 'payment.made']);
  assert.deepEqual(await found({ actor: 'ada', tenant: 'acme' }), ['payment.refunded', 'payment.made']);
  assert.deepEqual(await found({ action: 'payment.*' }), ['payment.refunded', 'payment.made']);
  assert.deepEqual(await found({ action: 'payment.made' }), ['payment.made']);
  assert.deepEqual(await found({ subject: { type: 'payment', id: 'p-9' } }), ['paymentx.made']);
  assert.deepEqual(await found({ subject: { type: 'user' } }), ['user.renamed']);
  assert.deepEqual(await found({ text: 'ZOË' }), ['user.renamed']);
  assert.deepEqual(await found({ text: '0%' }), ['payment.refunded']);
  assert.deepEqual(await found({ text: 'u_1' }), ['user.renamed']);
  assert.deepEqual(await found({ text: 'u%1' }), []);
  assert.deepEqual(await found({ text: `'; drop table goblin.audit_entry; --` }), []);
  const { entries } = await searchAudit(trail.db, { action: 'user.renamed' });
  assert.deepEqual(await found({ since: new Date(Date.now() + 60_000) }), []);
  assert.equal((await found({ until: new Date(Date.parse(entries[0]!.at) + 60_000) })).length, 4);
});

test('pages follow each other without a gap while entries are added', async () => {
  await using trail = await auditTrail();
  await trail.grow(7);
  const first = await searchAudit(trail.db, {}, { limit: 3 });
  await trail.write({});
  const second = await searchAudit(trail.db, {}, { limit: 3, after: first.next! });
  const third = await searchAudit(trail.db, {}, { limit: 3, after: second.next! });
  const all = [first, second, third].flatMap(({ entries }) => entries.map(({ sequence }) => sequence));
  assert.deepEqual(all, [7, 6, 5, 4, 3, 2, 1]);
  assert.equal(third.next, undefined);
});

test('an export holds every entry once, as lines of JSON or as CSV that no spreadsheet runs', async () => {
  await using trail = await auditTrail();
  await trail.grow(230);
  await trail.write({ reason: '=1+1, "x"\nnext', after: null });
  const lines: string[] = [];
  for await (const line of formatAudit(readAudit(trail.db), 'jsonl')) lines.push(line);
  const numbers = lines.map((line) => (JSON.parse(line) as { sequence: number | null }).sequence);
  assert.deepEqual(numbers, [...Array.from({ length: 230 }, (_, n) => n + 1), null]);
  const cells: string[] = [];
  for await (const line of formatAudit(readAudit(trail.db, { text: '1+1' }), 'csv')) cells.push(line);
  assert.match(cells[0]!, /^sequence,id,at,owner,actor,.*,hash\r\n$/);
  assert.equal(cells.length, 2);
  assert.match(cells[1]!, /,payment\.made,payment,p-1,,null,"'=1\+1, ""x""\nnext",,,,\r\n$/);
});
