import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '@goblin/core';
import { boundedStream, type EventSender, MAX_WAITING_BYTES } from './bounded-stream.ts';

interface Opened {
  readonly sender: EventSender;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly stop: AbortController;
  hasLeft(): boolean;
}

const clock = virtualClock();

function open(): Opened {
  const stop = new AbortController();
  let sender: EventSender | undefined;
  let hasLeft = false;
  const response = boundedStream(stop.signal, clock, (given) => {
    sender = given;
    return () => {
      hasLeft = true;
    };
  });
  return { sender: sender!, reader: response.body!.getReader(), stop, hasLeft: () => hasLeft };
}

/** The events in order, as far as they are there; `lost` with how many. */
async function events(
  reader: Opened['reader'],
  until: (seen: readonly string[]) => boolean,
): Promise<string[]> {
  const seen: string[] = [];
  let text = '';
  while (!until(seen)) {
    text += Buffer.from((await reader.read()).value!).toString();
    const parts = text.split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      if (event)
        seen.push(event === 'lost' ? `lost ${(JSON.parse(data!) as { lines: number }).lines}` : data!);
    }
  }
  return seen;
}

test('a reader that keeps up gets every event', async () => {
  const { sender, reader } = open();
  for (let i = 0; i < 500; i++) sender.send('line', i);
  const seen = await events(reader, ({ length }) => length >= 500);
  assert.deepEqual(
    seen,
    Array.from({ length: 500 }, (_, i) => String(i)),
  );
});

test('what a slow reader cannot hold is left out, and how much is told where it is missing', async () => {
  const { sender, reader } = open();
  const text = 'x'.repeat(10_000);
  const total = 400;
  for (let i = 0; i < total; i++) sender.send('line', `${i} ${text}`);
  const isWhole = (seen: readonly string[]): boolean => seen.some((event) => event.startsWith('lost'));
  const seen = await events(reader, isWhole);
  const lines = seen.filter((event) => !event.startsWith('lost'));
  assert.equal(seen.at(-1), `lost ${total - lines.length}`);
  assert.deepEqual(
    lines.map((line) => Number.parseInt(line.slice(1), 10)),
    lines.map((_, i) => i),
  );
  const held = lines.length * text.length;
  assert.ok(held >= MAX_WAITING_BYTES && held < MAX_WAITING_BYTES * 1.1, `${held} bytes were held`);
  sender.send('line', 'after');
  assert.deepEqual(await events(reader, ({ length }) => length > 0), ['"after"']);
  sender.lose(7);
  sender.send('line', 'last');
  assert.deepEqual(await events(reader, ({ length }) => length > 1), ['lost 7', '"last"']);
});

test('a quiet stream is kept alive, and ends with its request or its reader', async () => {
  const one = open();
  await one.reader.read();
  await clock.advance(15_000);
  assert.equal(Buffer.from((await one.reader.read()).value!).toString(), ': alive\n\n');
  one.stop.abort();
  assert.equal((await one.reader.read()).done, true);
  const other = open();
  await other.reader.cancel();
  assert.deepEqual([one.hasLeft(), other.hasLeft()], [true, true]);
  other.sender.send('line', 'nobody is there');
});
