import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromRemoteWrite } from '../../decode/remote-write.ts';
import { isStale, STALE_NAN_BYTES } from '../../sample-rules.ts';
import { ProtobufWriter } from '../protobuf-writer.ts';
import { packSnappy } from '../snappy.ts';
import { encodeWriteRequest } from './remote-write.ts';

const NOW = 1_795_249_286_746;

test('what is written is read again as it was: names, labels, times, values and marks of an end', () => {
  const ended = new Float64Array(new Uint8Array(STALE_NAN_BYTES).buffer.slice(0));
  const series = [
    {
      labels: { __name__: 'up', instance: 'ü".\\\n', job: 'x'.repeat(1_000) },
      times: Float64Array.of(NOW - 2, NOW - 1, NOW),
      values: Float64Array.of(-0.1, Number.POSITIVE_INFINITY, 2 ** 53),
    },
    { labels: { __name__: 'gone' }, times: Float64Array.of(NOW), values: ended },
  ];
  const writer = new ProtobufWriter();
  for (let round = 0; round < 2; round += 1) {
    const { samples, rejected } = fromRemoteWrite(packSnappy(encodeWriteRequest(series, writer)), NOW);
    assert.deepEqual(rejected, []);
    assert.deepEqual(
      samples.slice(0, 3).map(({ series: labels, atMs, value }) => [labels, atMs, value]),
      [0, 1, 2].map((i) => [series[0]!.labels, series[0]!.times[i], series[0]!.values[i]]),
    );
    assert.equal(samples[3]!.series.__name__, 'gone');
    assert.ok(isStale(Float64Array.of(samples[3]!.value), 0));
  }
});

test('exemplars go with their series', () => {
  const exemplars = [
    { atMs: NOW - 3, value: 0.25, labels: { trace_id: 'a'.repeat(32) } },
    { atMs: NOW, value: -1, labels: {} },
  ];
  const one = {
    labels: { __name__: 'x_bucket', le: '1' },
    times: Float64Array.of(NOW),
    values: Float64Array.of(4),
  };
  const plain = { ...one, labels: { __name__: 'plain' } };
  const bytes = encodeWriteRequest([{ ...one, exemplars }, plain], new ProtobufWriter());
  const { samples, exemplars: read } = fromRemoteWrite(packSnappy(bytes), NOW);
  assert.equal(samples.length, 2);
  assert.deepEqual(
    read,
    exemplars.map((exemplar) => ({ series: one.labels, ...exemplar })),
  );
});

test('the memory of the writer grows as it must', () => {
  const writer = new ProtobufWriter();
  const long = Array.from({ length: 4_000 }, (_, i) => ({
    labels: { __name__: 'x', i: `${i} ${'y'.repeat(400)}` },
    times: Float64Array.of(NOW),
    values: Float64Array.of(i),
  }));
  const { samples } = fromRemoteWrite(packSnappy(encodeWriteRequest(long, writer)), NOW);
  assert.equal(samples.length, 4_000);
  assert.equal(samples[3_999]!.value, 3_999);
});
