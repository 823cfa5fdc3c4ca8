import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine } from '../../model.ts';
import { compileLogQuery } from '../../store/logs/log-search.ts';
import { compileSelection } from './compile.ts';
import { parseSelection } from './parser.ts';

const LINE: LogLine = {
  atMs: 1_000,
  severity: 17,
  body: '{"status":503,"took":"1.5s","user":{"name":"Ada","x-id":7},"ok":true,"level":"loud","tags":["a"],"no":null}',
  service: 'tax',
  attributes: { 'http.route': '/rates/:country', 'service.instance.id': 'tax-1', size: '12' },
  traceId: '0af7651916cd43dd8448eb211c80319c',
};

function find(query: string, line: LogLine = LINE): LogLine | undefined {
  const compiled = compileLogQuery({ ...compileSelection(parseSelection(query)), fromMs: 0, toMs: 2_000 });
  return compiled.find(line);
}

const TAKES = [
  '{service="tax", level="error", severity="17", instance="tax-1"}',
  '{level=~"err.*|warn", http.route=~"/rates/.+"}',
  '{trace_id="0af7651916cd43dd8448eb211c80319c", span_id=""}',
  '{nothing=""} |= "503" |~ "(?i)ADA" != "health" !~ "^Ada"',
  '{} |= word("ADA") |= word("rates") |= "no" or "nowhere" != word("stat")',
  '{} | size > 11 | size <= 12.0 | size != 13',
  '{} | json | status >= 500 and took > 1s',
  '{} | json | status = 503, status != 404',
  '{} | json | (status < 500 or took < 2s) and user_name = "Ada" and user_x_id = 7',
  '{} | json | ok = true | level_extracted = "loud" | level = "error" | __error__ = ""',
  '{} | json | user_name =~ "A.a" | user_name !~ "A" | missing = "" | tags = ""',
  '{} | logfmt | __error__ = "" ',
];
const LEAVES = [
  '{service!="tax"}',
  '{level="erro"}',
  '{level=~"erro"}',
  '{http.route="/rates"}',
  '{} |= "ada"',
  '{} |= word("Ad")',
  '{} != "503"',
  '{} != "nowhere" or "503"',
  '{} |~ "^503"',
  '{} | status = 503',
  '{} | size > 12',
  '{} | size > 2s',
  '{} | size >= 1ms',
  '{} | json | took > 1500ms',
  '{} | json | took > 1',
  '{} | json | missing != 5',
  '{} | json | status >= 500 and user_name = "Bob"',
  '{} | json | __error__ != ""',
];

test('a line is taken where all that is asked for holds', () => {
  for (const query of TAKES) assert.ok(find(query), query);
  for (const query of LEAVES) assert.equal(find(query), undefined, query);
});

test('what is read out of a line is among its attributes, and line_format writes it anew', () => {
  const found = find(
    '{} | json | line_format "{{.user_name}} → {{.status}}{{.missing}} ({{.service}})" |= "Ada →"',
  )!;
  assert.equal(found.body, 'Ada → 503 (tax)');
  assert.deepEqual(found.attributes, {
    ...LINE.attributes,
    status: '503',
    took: '1.5s',
    user_name: 'Ada',
    user_x_id: '7',
    ok: 'true',
    level_extracted: 'loud',
  });
  assert.equal(LINE.attributes.status, undefined, 'the kept line stays as it is');
});

test('logfmt: values may be quoted, and names may stand alone', () => {
  const line = { ...LINE, body: 'level=warn msg="say \\"hi\\" \\n there" dur=20ms flag =x empty="" q="open' };
  assert.deepEqual(find('{} | logfmt', line)!.attributes, {
    ...LINE.attributes,
    level_extracted: 'warn',
    msg: 'say "hi" \n there',
    dur: '20ms',
    flag: '',
    x: '',
    empty: '',
    q: '',
    open: '',
  });
  assert.ok(find('{} | logfmt | dur >= 20ms | dur < 0.1s', line));
});

test('a line that is no JSON says so, and one with too much of it is cut', () => {
  for (const body of ['no JSON', '[1]', '5', '{"a":', 'null'])
    assert.equal(find('{} | json', { ...LINE, body })!.attributes.__error__, 'JSONParserErr');
  const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
  assert.deepEqual(find('{} | json', { ...LINE, body: deep })!.attributes, LINE.attributes);
  const wide = JSON.stringify(
    Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 'x'.repeat(20_000)])),
  );
  const { attributes } = find('{} | json', { ...LINE, body: wide })!;
  assert.equal(Object.keys(attributes).length, 128 + 3);
  assert.equal(attributes.f0!.length, 16_384);
  const evil = find('{} | json', { ...LINE, body: '{"__proto__":{"polluted":1},"constructor":"c"}' })!;
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.equal(evil.attributes.constructor, 'c');
});
