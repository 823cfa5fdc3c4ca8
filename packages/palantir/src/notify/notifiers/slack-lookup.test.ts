import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTelemetry, type VirtualClock, virtualClock } from '@goblin/core';
import { createDeliveries } from '../deliveries.ts';
import { type Behaviour, type Received, type Receiver, startReceiver } from '../fixtures/receiver.ts';
import { messageOf, START_MS, type TestState, testState } from '../fixtures/samples.ts';
import { until } from '../fixtures/until.ts';
import type { Message } from '../message.ts';
import { createNotifiers } from './create-notifiers.ts';

const CHANNEL = 'C024BE91L';
const PAGE = 200;

interface Posted {
  readonly ts: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly metadata?: { readonly event_payload: { readonly key: string } };
}

/** Keeps what is posted, and gives it out a page at a time, the newest first. */
interface Slack extends AsyncDisposable {
  readonly api: Receiver;
  readonly posted: Posted[];
  readonly looks: number;
  /** What happens to the answer of the next posts, which are taken all the same. */
  readonly answers: Behaviour[];
  mayLook: boolean;
}

async function startSlack(): Promise<Slack> {
  const posted: Posted[] = [];
  const answers: Behaviour[] = [];
  let looks = 0;
  let mayLook = true;

  function answer({ path, body }: Received): Behaviour {
    if (path === '/chat.postMessage') {
      const ts = `${START_MS / 1_000 + posted.length}.000100`;
      posted.push({ ...body, ts } as unknown as Posted);
      return answers.shift() ?? said({ channel: CHANNEL, ts });
    }
    looks += 1;
    if (!mayLook) return { status: 200, body: { ok: false, error: 'missing_scope' } };
    assert.equal(body.channel, CHANNEL);
    assert.equal(body.include_all_metadata, 'true');
    const isReply = path === '/conversations.replies';
    const among = posted
      .filter(({ thread_ts: under, ts }) =>
        isReply ? under === body.ts || ts === body.ts : under === undefined,
      )
      .filter(({ ts }) => Number(ts) > Number(body.oldest))
      .reverse();
    const at = Number(body.cursor ?? 0);
    const next = at + PAGE < among.length ? String(at + PAGE) : '';
    return said({ messages: among.slice(at, at + PAGE), response_metadata: { next_cursor: next } });
  }

  const api = await startReceiver(answer);
  return {
    api,
    posted,
    answers,
    get looks() {
      return looks;
    },
    get mayLook() {
      return mayLook;
    },
    set mayLook(may) {
      mayLook = may;
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

function said(body: object): Behaviour {
  return { status: 200, body: { ok: true, ...body } };
}

interface Process extends AsyncDisposable {
  readonly clock: VirtualClock;
  tell(message: Partial<Message>): void;
  all(): Promise<void>;
}

function start(slack: Slack, kept: TestState, channel = CHANNEL): Process {
  const clock = virtualClock(START_MS);
  const { log, metrics } = testTelemetry();
  const tokenFile = join(kept.folder, 'token');
  writeFileSync(tokenFile, 'xoxb');
  let underWay = 0;
  /** Without connections that the other side may have closed. */
  async function ask(url: string, init: RequestInit): Promise<Response> {
    underWay++;
    try {
      return await fetch(url, { ...init, headers: { ...init.headers, connection: 'close' } });
    } finally {
      underWay--;
    }
  }
  const notifiers = createNotifiers(
    { notifiers: [{ name: 'ops', kind: 'slack', channel, api: slack.api.url, tokenFile }] },
    { fetch: ask, clock, baseUrl: 'http://palantir.test' },
  );
  const deliveries = createDeliveries({ state: kept.state, clock, log, metrics, notifiers, random: () => 1 });
  const stopping = new AbortController();
  const ended = deliveries.run(stopping.signal);
  return {
    clock,
    tell: (message) => deliveries.tell(messageOf(message)),
    all: () =>
      until('all is told', () => {
        if (underWay === 0) void clock.advance(100);
        return deliveries.status()[0]!.waiting === 0;
      }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

test('a message whose answer was lost stands in Slack once, and those that follow stand under it', async () => {
  await using slack = await startSlack();
  using kept = testState();
  await using process = start(slack, kept);
  slack.answers.push('drop');
  process.tell({ title: 'one' });
  await process.all();
  process.tell({ reason: 'joined', title: 'two' });
  await process.all();
  slack.answers.push({ status: 502 });
  process.tell({ reason: 'noted', title: 'three' });
  await process.all();
  const [first] = slack.posted;
  assert.deepEqual(
    slack.posted.map(({ thread_ts: under }) => under),
    [undefined, first!.ts, first!.ts],
  );
});

test('so does one whose sender was stopped before the answer came, also among many others', async () => {
  await using slack = await startSlack();
  using kept = testState();
  {
    await using process = start(slack, kept);
    slack.answers.push('hang');
    process.tell({});
    await until('Slack has it', () => slack.posted.length === 1);
  }
  for (let i = 0; i < 3 * PAGE; i++) slack.posted.push({ ts: `${START_MS / 1_000 + 10 + i}`, text: 'chat' });
  kept.reopen();
  await using process = start(slack, kept);
  await process.all();
  assert.equal(slack.posted.filter(({ metadata }) => metadata).length, 1);
  assert.ok(slack.looks > 1);
});

test('one that was never taken is sent, also where an earlier one of its thread was', async () => {
  await using slack = await startSlack();
  using kept = testState();
  await using process = start(slack, kept);
  process.tell({ title: 'one' });
  await process.all();
  slack.api.next.push({ status: 503 });
  process.tell({ reason: 'joined', title: 'two' });
  await process.all();
  assert.deepEqual([slack.posted.length, slack.looks], [2, 1]);
});

test('where the app may not look, or knows the channel by its name only, it is rather told twice than never', async () => {
  await using slack = await startSlack();
  using kept = testState();
  {
    await using process = start(slack, kept);
    slack.mayLook = false;
    slack.answers.push('drop');
    process.tell({});
    await process.all();
    assert.deepEqual([slack.posted.length, slack.looks], [2, 1]);
  }
  slack.mayLook = true;
  await using process = start(slack, kept, '#ops');
  slack.answers.push('drop');
  process.tell({ thread: 'incident-2' });
  await process.all();
  assert.deepEqual([slack.posted.length, slack.looks], [4, 1]);
  // Slack has told the id of the channel by now.
  slack.answers.push('drop');
  process.tell({ thread: 'incident-3' });
  await process.all();
  assert.deepEqual([slack.posted.length, slack.looks], [5, 2]);
});
