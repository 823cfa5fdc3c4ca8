/** What Palantir has seen of a payment. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import type { WallState } from '@goblin/palantir';
import type { Payment } from '../services/payments/contract.ts';
import { startPlatform } from './platform.fixture.ts';
import { until } from './until.fixture.ts';

const WAIT_MS = 60_000;

const platform = await startPlatform();
after(() => platform[Symbol.asyncDispose]());

const order = {
  amount: { currency: 'EUR', minor: 1999 },
  country: 'FR',
  card: { number: '4242424242424242' },
  email: 'ada@example.com',
};

interface Summary {
  readonly traceId: string;
  readonly services: readonly string[];
}

interface Span {
  readonly spanId: string;
  readonly parentId?: string;
  readonly service: string;
  readonly name: string;
}

test('one trace leads from the request at the edge to the mail with the receipt', async () => {
  const id = ((await (await platform.pay(randomUUID(), order)).json()) as Payment).id;
  let spans: readonly Span[] = [];
  const seen = async (): Promise<boolean> => {
    const found = await platform.palantir<Summary[]>('/palantir/traces', {
      service: 'receipts',
      limit: '20',
    });
    for (const { traceId } of found) {
      ({ spans } = await platform.palantir<{ spans: Span[] }>(`/palantir/traces/${traceId}`));
      const names = spans.map(({ service, name }) => `${service} ${name}`);
      if (
        ['edge ', 'payments ', 'tax ', 'receipts send '].every((start) =>
          names.some((name) => name.startsWith(start)),
        )
      )
        return true;
    }
    return false;
  };
  await until(seen, WAIT_MS, () => `no trace has all of ${id}: ${JSON.stringify(spans, undefined, 1)}`);
  const known = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parentId }) => parentId === undefined || !known.has(parentId));
  assert.deepEqual(
    roots.map(({ service }) => service),
    ['edge'],
    'every span hangs on another one',
  );
});

test('the wall shows all services, who calls whom, and that all is well', async () => {
  let wall: WallState | undefined;
  const isBusy = async (): Promise<boolean> => {
    await platform.pay(randomUUID(), order);
    wall = await platform.palantir<WallState>('/palantir/wall');
    const rate = (name: string): number =>
      wall!.services.find((service) => service.name === name)?.requestsPerSecond ?? 0;
    const calls = (from: string, to: string): boolean =>
      wall!.flows.some((flow) => flow.from === from && flow.to === to);
    return rate('payments') > 0 && rate('tax') > 0 && calls('edge', 'payments') && calls('payments', 'tax');
  };
  await until(isBusy, WAIT_MS, () => `the wall shows no traffic: ${JSON.stringify(wall)}`);
  const { services, swarm, app } = wall!;
  assert.equal(app, 'payments');
  assert.deepEqual(
    services.filter(({ state }) => state === 'down').map(({ name }) => name),
    [],
  );
  const instances = swarm.nodes.flatMap((node) => node.instances);
  for (const { name, wanted } of services)
    assert.equal(instances.filter(({ service }) => service === name).length, wanted, name);
});
