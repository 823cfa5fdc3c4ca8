import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromOpenMetrics, fromPrometheusText } from '../decode/exposition.ts';
import type { Labels } from '../model.ts';
import { STALE_NAN_BYTES } from '../sample-rules.ts';
import { temporaryFolder } from '../store/fixtures/folder.ts';
import { batch, NOON_MS, noonClock, sample } from '../store/fixtures/telemetry.ts';
import { openStore } from '../store/store.ts';
import { federateRoute } from './federate-route.ts';

const ODD = 'a "b" \\ \n ü';
const ENDED = new Float64Array(new Uint8Array(STALE_NAN_BYTES).buffer.slice(0));

async function federating(): Promise<
  AsyncDisposable & { ask(query: string, accept?: string): Promise<Response> }
> {
  const folder = temporaryFolder();
  const clock = noonClock();
  const store = await openStore({ folder: folder.path, retention: { days: 5, bytes: 1e9 }, clock });
  const of = (labels: Labels, ...values: [beforeMs: number, value: number][]) =>
    values.map(([beforeMs, value]) => sample(labels, NOON_MS - beforeMs, value));
  await store.append(
    batch({
      samples: [
        ...of({ __name__: 'up', service: 'tax' }, [20_000, 0], [10_000, 1]),
        ...of({ __name__: 'up', service: ODD }, [5_000, Number.POSITIVE_INFINITY]),
        ...of({ __name__: 'old', service: 'tax' }, [400_000, 1]),
        ...of({ __name__: 'ended', service: 'tax' }, [20_000, 1], [10_000, ENDED[0]!]),
        ...of({ __name__: 'load', service: 'tax' }, [10_000, 0.25]),
      ],
    }),
  );
  const route = federateRoute(store, clock)['GET /federate'] as (request: Request) => Promise<Response>;
  return {
    ask: (query, accept = '') => route(new Request(`http://x/federate?${query}`, { headers: { accept } })),
    async [Symbol.asyncDispose]() {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

test('the last value of each series that matches, as text of Prometheus and as OpenMetrics', async () => {
  await using one = await federating();
  const query = String(
    new URLSearchParams([
      ['match[]', '{service="tax"}'],
      ['match[]', 'up'],
    ]),
  );
  const wanted = [
    [{ __name__: 'load', service: 'tax' }, NOON_MS - 10_000, 0.25],
    [{ __name__: 'up', service: 'tax' }, NOON_MS - 10_000, 1],
    [{ __name__: 'up', service: ODD }, NOON_MS - 5_000, Number.POSITIVE_INFINITY],
  ];
  const plain = await one.ask(query);
  assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const open = await one.ask(query, 'application/openmetrics-text; version=1.0.0');
  const openText = await open.text();
  assert.ok(openText.endsWith('# EOF\n'));
  for (const { samples, rejected } of [
    fromPrometheusText(Buffer.from(await plain.text()), NOON_MS),
    fromOpenMetrics(Buffer.from(openText), NOON_MS),
  ]) {
    assert.deepEqual(rejected, []);
    assert.deepEqual(
      samples.map(({ series, atMs, value }) => [series, atMs, value]),
      wanted,
    );
  }
});

test('a question without a selector, or with one that is none, is answered with what would be right', async () => {
  await using one = await federating();
  await assert.rejects(one.ask(''), { code: 'INVALID_INPUT', message: /match\[\] is needed/ });
  await assert.rejects(one.ask('match[]=%7B'), { code: 'INVALID_INPUT' });
});
