import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CONTRACTS, parseAnnouncement } from './announcement.ts';
import { announcement } from './testing/recorder.ts';

test('an announcement survives its way over the wire', () => {
  const full = announcement('tax-1', {
    zone: 'eu-1',
    weight: 0.5,
    link: { tls: true, path: '/run/tax.sock' },
  });
  const client = announcement('cli-1', { service: undefined, contracts: [], address: undefined });
  for (const said of [full, client]) {
    assert.deepEqual(parseAnnouncement(JSON.parse(JSON.stringify(said))), said);
  }
});

test('fields that are not of an announcement are not taken over', () => {
  const parsed = parseAnnouncement({ ...announcement('tax-1'), isAdmin: true });
  assert.deepEqual(parsed, announcement('tax-1'));
});

test('what is no announcement is refused, whichever field is wrong', () => {
  const wrong: Record<string, unknown[]> = {
    instance: [undefined, '', 'a b', 'a\nb', '"', 'x'.repeat(129), 7],
    service: ['', 'x'.repeat(65), null],
    version: [undefined, '', 1],
    contracts: [undefined, 'tax.v1', [1], [''], new Array(MAX_CONTRACTS + 1).fill('tax.v1')],
    address: [
      null,
      'a:1',
      {},
      { host: 'a' },
      { host: 'a', port: 0 },
      { host: 'a', port: 65_536 },
      { host: '', port: 1 },
    ],
    state: [undefined, 'dead'],
    incarnation: [undefined, -1, 1.5, 2 ** 48],
    startedAt: [undefined, '0', Number.NaN],
    weight: ['1', -1, Number.NaN, 1e9],
    zone: ['', 1],
    link: [null, true, {}, { tls: 1 }, { tls: true, path: '' }, { tls: false, path: 'x'.repeat(108) }],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      const said = { ...announcement('tax-1'), [field]: value };
      assert.equal(parseAnnouncement(said), undefined, `${field} ${JSON.stringify(value)}`);
    }
  }
  for (const value of [null, 1, 'tax', [], undefined]) assert.equal(parseAnnouncement(value), undefined);
});
