import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { Secret, virtualClock } from '@goblin/core';
import { openState } from '../../state/state-database.ts';
import { metricOf, running, temporaryFolder, toolsFor, until } from '../testing/collecting.ts';
import { FULL, recordingStore } from '../testing/recording-store.ts';
import { csvRecord } from './csv-record.ts';
import { fluxText } from './flux-reader.ts';
import { type InfluxSource, influxPull } from './influx-pull.ts';
import { quoted } from './influxql-reader.ts';

/** As InfluxDB 2.7 answers, with a field that is text, a tag called error, and a name with a comma and quotes in it. */
const FLUX = `#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string\r
#default,_result,,,,,,,,,\r
,result,table,_start,_stop,_time,_value,_field,_measurement,host,error\r
,,0,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,2026-11-21T08:30:00Z,0.5,usage,cpu,"a ""b"", c",none\r
,,0,2026-11-21T08:00:00Z,2026-11-21T09:00:00Z,2026-11-21T08:30:10.5Z,+Inf,usage,cpu,d,\r
\r
#datatype,string,long,dateTime:RFC3339,boolean,string,string\r
#default,_result,,,,,\r
,result,table,_time,_value,_field,_measurement\r
,,1,2026-11-21T08:30:00Z,true,up,cpu\r
\r
#datatype,string,long,dateTime:RFC3339,string,string,string\r
#default,_result,,,,,\r
,result,table,_time,_value,_field,_measurement\r
,,2,2026-11-21T08:30:00Z,"two
lines",note,cpu\r
`;
const FLUX_ERROR =
  '#datatype,string,string\r\n#default,,\r\n,error,reference\r\n,Failed to parse query,897\r\n';
const SQL = `{"host":"a","usage":0.5,"up":true,"gone":null,"time":"2026-11-21T08:30:00.123456789"}
{"host":"b","usage":2,"time":"2026-11-21T08:30:01"}
`;
const AT_MS = Date.UTC(2026, 10, 21, 8, 30);

interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly asked: Asked[];
  answer: (asked: Asked, response: ServerResponse) => void;
}

async function served(answer: Served['answer']): Promise<Served> {
  const server = createServer(async (request: IncomingMessage, response) => {
    const { authorization } = request.headers;
    const asked = { path: request.url!, authorization, body: await text(request) };
    one.asked.push(asked);
    one.answer(asked, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const one: Served = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return one;
}

function site(source: InfluxSource, overlapMs = 60_000) {
  const folder = temporaryFolder();
  const state = openState(folder.path);
  const store = recordingStore();
  const clock = virtualClock(AT_MS + 60_000);
  const tools = { ...toolsFor(store, clock), state };
  return {
    store,
    clock,
    metrics: tools.metrics,
    start: () =>
      running(influxPull(tools, { source, measurements: ['cpu'], overlapMs, labels: { from: 'old' } })),
    [Symbol.dispose]() {
      state[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}

test('from answers as documented of InfluxDB 2, each number and truth value is read with its tags', async () => {
  await using server = await served((_, response) => response.end(FLUX));
  const token = new Secret('secret');
  using one = site({ version: 2, url: server.url, org: 'shop', bucket: 'tele"graf', token });
  await using _ = one.start();
  await until(() => one.store.samples.length >= 3, 'the samples');
  assert.deepEqual(
    one.store.samples.slice(0, 3).map(({ series, atMs, value }) => [series, atMs, value]),
    [
      [{ __name__: 'cpu_usage', host: 'a "b", c', error: 'none', from: 'old' }, AT_MS, 0.5],
      [{ __name__: 'cpu_usage', host: 'd', from: 'old' }, AT_MS + 10_500, Infinity],
      [{ __name__: 'cpu_up', from: 'old' }, AT_MS, 1],
    ],
  );
  const [asked] = server.asked;
  assert.equal(asked?.path, '/api/v2/query?org=shop');
  assert.equal(asked?.authorization, 'Token secret');
  const { query } = JSON.parse(asked!.body) as { query: string };
  assert.match(query, /^from\(bucket: "tele\\"graf"\)/);
  assert.match(query, /range\(start: 2026-11-21T07:31:00\.000Z, stop: 2026-11-21T08:31:00\.000Z\)/);
});

test('from answers as documented of InfluxDB 3, texts are tags and numbers are fields', async () => {
  await using server = await served((_, response) => response.end(SQL));
  using one = site({ version: 3, url: server.url, database: 'shop' });
  await using _ = one.start();
  await until(() => one.store.samples.length >= 3, 'the samples');
  assert.deepEqual(
    one.store.samples.slice(0, 3).map(({ series, atMs, value }) => [series, atMs, value]),
    [
      [{ __name__: 'cpu_usage', host: 'a', from: 'old' }, AT_MS + 123, 0.5],
      [{ __name__: 'cpu_up', host: 'a', from: 'old' }, AT_MS + 123, 1],
      [{ __name__: 'cpu_usage', host: 'b', from: 'old' }, AT_MS + 1_000, 2],
    ],
  );
  assert.match(JSON.parse(server.asked[0]!.body).q, /^SELECT \* FROM "cpu" WHERE time >= '2026-11-21T07:31/);
});

test('what was not committed is read again, what was is not, but for the time in which points come late', async () => {
  await using server = await served((_, response) => response.end(SQL));
  using one = site({ version: 3, url: server.url, database: 'shop' }, 5_000);
  const windows = (): string[] =>
    server.asked.map(({ body }) =>
      [...(JSON.parse(body).q as string).matchAll(/'\d+-\d+-\d+T(.{8})/g)].map(([, at]) => at).join(' '),
    );
  one.store.failure = FULL;
  {
    await using _ = one.start();
    await until(() => metricOf(one.metrics, 'collector_failures_total', 'influx') > 0, 'the store is full');
  }
  one.store.failure = undefined;
  {
    await using _ = one.start();
    await until(() => one.store.samples.length >= 3, 'it is read again');
  }
  await one.clock.advance(7_200_000);
  await using _ = one.start();
  await until(() => server.asked.length >= 5, 'it goes on');
  assert.deepEqual(windows().slice(0, 5), [
    '07:31:00 08:31:00',
    '07:31:00 08:31:00',
    '08:30:55 09:30:55',
    '09:30:55 10:30:55',
    '10:30:55 10:31:00',
  ]);
});

test('errors, wrong answers and silence are counted, and the same window is asked again', async () => {
  await using server = await served((_, response) => response.writeHead(500).end('busy'));
  using one = site({ version: 2, url: server.url, org: 'shop', bucket: 'b' });
  await using _ = one.start();
  const answers: Served['answer'][] = [
    (__, response) => response.writeHead(401).end('{"message":"unauthorized"}'),
    (__, response) => response.end(FLUX_ERROR),
    (__, response) => response.end(`${FLUX}"never ends`),
    (__, response) => response.writeHead(200).write('#datatype,string\r\n', () => response.destroy()),
    () => {}, // It never answers.
  ];
  for (const [failures, answer] of answers.entries()) {
    await until(
      async () => {
        await one.clock.advance(10_000);
        return metricOf(one.metrics, 'collector_failures_total', 'influx') > failures;
      },
      `failure ${failures + 1}`,
    );
    server.answer = answer;
  }
  await until(async () => {
    await one.clock.advance(10_000);
    return metricOf(one.metrics, 'collector_failures_total', 'influx') > answers.length;
  }, 'the silence is over');
  server.answer = (__, response) => response.end(FLUX);
  const before = one.store.samples.length;
  await until(async () => {
    await one.clock.advance(10_000);
    return one.store.samples.length > before;
  }, 'it goes on');
});

test('no name can say more than a name in a query', () => {
  assert.equal(quoted('a"; DROP DATABASE x; --\\'), '"a\\"; DROP DATABASE x; --\\\\"');
  assert.equal(fluxText(`a") |> drop() "\${x}\n`), `"a\\") |> drop() \\"\\\${x}\\n"`);
});

test('CSV is read with quotes, commas and empty cells, and told when it ends within quotes', () => {
  assert.deepEqual(csvRecord(''), ['']);
  assert.deepEqual(csvRecord(',a,"b ""c"", d",,'), ['', 'a', 'b "c", d', '', '']);
  assert.deepEqual(csvRecord('"a\nb",c'), ['a\nb', 'c']);
  assert.equal(csvRecord('a,"b'), undefined);
  assert.deepEqual(csvRecord('"a""b"'), ['a"b']);
});
