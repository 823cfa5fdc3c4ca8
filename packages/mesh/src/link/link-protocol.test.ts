import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { clientOf, context, contract } from '@goblin/core';
import { z } from 'zod';
import { peerAt } from '../testing/peer-at.ts';
import {
  BREAK,
  CALL,
  CANCEL,
  DRAIN,
  END,
  ERROR,
  HELLO,
  ITEM,
  METHOD,
  PING,
  PONG,
  PREFACE,
  REPLY,
  WINDOW,
} from './frames.ts';
import { DEFAULT_LIMITS, helloOf } from './hello.ts';
import { linkTransport } from './link-transport.ts';
import { frame, hello, RawLink, rawAnswerer } from './testing/raw-link.ts';
import { serveLinks } from './testing/serve-links.ts';

const page = async (name: string): Promise<string> =>
  readFile(new URL(`../../../../docs/reference/${name}.md`, import.meta.url), 'utf8');

/** Of the time left in the body of a call: behind method and flags. */
const LEFT_AT = 3;

const tax = contract('tax.v1', {
  quote: { input: z.object({ country: z.string() }), output: z.object({ rate: z.number() }) },
});

test('docs/reference/link-protocol.md names every frame by its type', async () => {
  const text = await page('link-protocol');
  const types = { HELLO, METHOD, CALL, REPLY, ERROR, ITEM, END, WINDOW, CANCEL, PING, PONG, DRAIN, BREAK };
  for (const [name, type] of Object.entries(types))
    assert.match(text, new RegExp(`^\\| ${type} \\| ${name} \\|`, 'm'));
});

test('the bytes of the example on docs/reference/link-protocol.md are those that are sent', async () => {
  const [, example] = (await page('link-protocol')).match(/```\n(METHOD[^`]*)```/)!;
  const [method, call, reply] = example!
    .split(/METHOD|CALL|REPLY/)
    .slice(1)
    .map((part) => part.replaceAll(/\s/g, ''));
  await using answerer = await rawAnswerer();
  const transport = linkTransport();
  const peer = peerAt({ host: '127.0.0.1', port: answerer.port });
  const client = clientOf(tax, (one) => transport.call(peer, one));
  const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: '00f067aa0ba902b7', sampled: true };
  const first = client.quote({ country: 'DE' });
  const other = await answerer.link;
  other.send(hello());
  const defined = await other.receive(METHOD);
  other.send(frame(REPLY, (await other.receive(CALL)).id, '{"rate":0.19}'));
  await first;
  other.frames.length = 0;
  const answer = context.run({ trace }, () => client.quote({ country: 'FR' }, { deadline: '1m' }));
  const sent = await other.receive(CALL);
  assert.ok(sent.body.readUInt32BE(LEFT_AT) <= 60_000);
  sent.body.writeUInt32BE(300, LEFT_AT);
  const bytes = (one: typeof sent): string => frame(one.type, one.id, one.body).toString('hex');
  assert.equal(bytes(defined), method);
  assert.equal(bytes({ ...sent, id: 1 }), call);
  other.send(Buffer.from(reply!.replace('00000001', sent.id.toString(16).padStart(8, '0')), 'hex'));
  assert.deepEqual(await answer, { rate: 0.2 });
  await transport.close();
});

test('docs/reference/metrics.md has a line for every metric of links, as it is', async () => {
  await using served = await serveLinks();
  const transport = linkTransport({ telemetry: served.telemetry });
  const text = await page('metrics');
  const ours = served.telemetry.metrics.instruments().filter(({ name }) => name.startsWith('link_'));
  assert.equal(ours.length, 3);
  for (const { name, kind, labels, help } of ours) {
    const line = `| \`${name}\` | ${kind} | | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
    assert.ok(text.includes(line), `${line} is not on the page`);
  }
  await transport.close();
});

test('an end that speaks a newer version is answered with the version that both speak', async () => {
  await using served = await serveLinks();
  using newer = new RawLink(connect(served.port, '127.0.0.1'));
  const said = { ...helloOf('newer', DEFAULT_LIMITS), version: 7, codecs: ['protobuf', 'json'], shiny: true };
  newer.send(PREFACE, frame(HELLO, 0, JSON.stringify(said)));
  const { body } = await newer.receive(HELLO);
  const { version, codecs } = JSON.parse(body.toString());
  assert.deepEqual([version, codecs], [1, ['json']]);
});
