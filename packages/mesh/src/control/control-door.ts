/** Takes orders for this process: `POST /.goblin/control`, sealed bytes in, sealed bytes out. Whoever has the cluster's key
 * may give orders, and nobody else: bytes that are not sealed with it, not meant for this start of this instance, not new
 * or no order at all get no answer (403), are counted by reason and logged once a minute.
 *
 * Orders are carried out at once and beside each other, before and whatever user traffic waits, at most MAX_RUNNING at a
 * time. One that has begun is carried out although its sender may leave, until `forMs` of it have passed or MAX_ORDER_MS;
 * then its context is cancelled. Each is logged with who gave it before it begins, so that one that ends the process is
 * in the log too. */
import {
  type Clock,
  context,
  GoblinError,
  type Logger,
  type Metrics,
  rootContext,
  settleBy,
  systemClock,
} from '@goblin/core';
import { SEAL_BYTES } from '../discovery/cluster-key.ts';
import { createComplaints } from '../discovery/complaints.ts';
import type { ClusterKey } from '../discovery/finder.ts';
import { onceOnly } from './once-only.ts';
import {
  type Answer,
  MAX_ANSWER_BYTES,
  MAX_ORDER_BYTES,
  type Order,
  type Recipient,
  readOrder,
  writeAnswer,
} from './order-message.ts';

const MAX_RUNNING = 64;
const MAX_ORDER_MS = 60_000;
/** Larger arguments are told in the log by their size. */
const MAX_LOGGED_ARGS = 1_024;
const MAX_PLAIN_ANSWER_BYTES = MAX_ANSWER_BYTES - SEAL_BYTES;

/** Carries out one order. What it answers must fit into JSON; what it throws is told to the sender if it is a GoblinError,
 * and as INTERNAL otherwise. It runs in a context with the order's deadline, cancellation and actor. */
export type OrderHandler = (args: unknown) => unknown;

/** Name, such as `faults.inject` → what carries it out. */
export type Orders = Readonly<Record<string, OrderHandler>>;

export interface ControlDoorOptions {
  readonly clusterKey: ClusterKey;
  /** Whom orders must be meant for. */
  self(): Recipient;
  readonly orders: Orders;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
}

/** The sealed answer to a sealed order; undefined when it is not one for us: answer 403. Never rejects. */
export type ControlDoor = (body: Uint8Array) => Promise<Uint8Array | undefined>;

/** @example httpServer({ control: controlDoor({ clusterKey, self: () => mesh.self, orders, log, metrics }), … }) */
export function controlDoor(options: ControlDoorOptions): ControlDoor {
  const { clusterKey, orders, log, metrics, clock = systemClock } = options;
  const once = onceOnly(clock);
  const complaints = createComplaints(clock, log, 'control');
  const carriedOut = metrics.counter('mesh_orders_total', {
    help: 'Orders from members of the cluster, by how they ended.',
    labels: ['order', 'outcome'],
  });
  const refused = metrics.counter('mesh_orders_refused_total', {
    help: 'Messages at the control door that were no order for this process.',
    labels: ['reason'],
  });
  let running = 0;

  function refuse(reason: string, order?: Order): undefined {
    refused.with(reason).add();
    complaints.about(`refused a message that is ${reason}`, order && { order: order.order, ...order.actor });
  }

  function accept(body: Uint8Array): Order | undefined {
    const plain = body.length <= MAX_ORDER_BYTES ? clusterKey.open(body) : undefined;
    if (!plain) return refuse('not sealed with our key');
    const order = readOrder(plain);
    if (!order) return refuse('no order');
    const { instance, startedAt } = options.self();
    if (order.to.instance !== instance || order.to.startedAt !== startedAt)
      return refuse('for another process', order);
    const freshness = once.check(order.nonce, order.sentAt);
    return freshness === 'fresh' ? order : refuse(freshness, order);
  }

  async function carryOut({ order, args, actor, forMs }: Order): Promise<unknown> {
    const fields = { order, args: loggable(args), actor: actor.who, from: actor.instance };
    log.info(fields, `order ${order} from ${actor.who} (${actor.instance})`);
    let outcome = 'ok';
    running += 1;
    try {
      const handler = Object.hasOwn(orders, order) ? orders[order] : undefined;
      if (!handler) throw unknown(options.self().instance, order, orders);
      if (running > MAX_RUNNING) throw tooMany();
      const values = { ...rootContext, actor: actor.who };
      // Deadlines are on the clock of `context`, whatever clock the stamps are read by.
      const deadline = systemClock.now() + Math.min(forMs, MAX_ORDER_MS);
      return await settleBy(values, deadline, async () => handler(args));
    } catch (thrown) {
      const error = coded(thrown);
      outcome = error.code;
      log.warn({ ...fields, err: thrown }, `order ${order} failed: ${error.message}`);
      throw error;
    } finally {
      running -= 1;
      carriedOut.with(Object.hasOwn(orders, order) ? order : 'unknown', outcome).add();
    }
  }

  return async (body) => {
    const order = accept(body);
    if (!order) return undefined;
    const { nonce } = order;
    const answer = await context
      .detach(() => carryOut(order))
      .then(
        (result): Answer => ({ nonce, result }),
        (error: GoblinError): Answer => ({ nonce, error }),
      );
    return clusterKey.seal(bytesOf(answer));
  };
}

function bytesOf(answer: Answer): Uint8Array {
  const { nonce } = answer;
  try {
    const bytes = writeAnswer(answer);
    return bytes.length <= MAX_PLAIN_ANSWER_BYTES
      ? bytes
      : writeAnswer({ nonce, error: tooLarge(bytes.length) });
  } catch (cause) {
    return writeAnswer({ nonce, error: new GoblinError('INTERNAL', { cause }) });
  }
}

function loggable(args: unknown): unknown {
  const { length } = JSON.stringify(args) ?? '';
  return length <= MAX_LOGGED_ARGS ? args : `${length} characters`;
}

function coded(thrown: unknown): GoblinError {
  return thrown instanceof GoblinError ? thrown : new GoblinError('INTERNAL', { cause: thrown });
}

function unknown(instance: string, order: string, orders: Orders): GoblinError {
  return new GoblinError('UNIMPLEMENTED', {
    message: `${instance} does not know the order ${order}; it knows ${Object.keys(orders).join(', ') || 'none'}`,
  });
}

function tooMany(): GoblinError {
  return new GoblinError('RESOURCE_EXHAUSTED', {
    message: `${MAX_RUNNING} orders are being carried out already`,
  });
}

function tooLarge(bytes: number): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `the answer has ${bytes} bytes; the limit is ${MAX_PLAIN_ANSWER_BYTES}`,
  });
}
