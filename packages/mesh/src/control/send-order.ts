/** Gives an order to one other process, and brings its answer. An order is sent once: if its connection breaks, nobody but
 * the other process knows whether it was carried out. */
import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { type Duration, GoblinError, milliseconds, systemClock } from '@goblin/core';
import type { ClusterKey } from '../discovery/finder.ts';
import { postSealed, type SealedAnswer, type SealedPost } from '../http/sealed-post.ts';
import { type Announcement, addressOf, type Peer } from '../peer.ts';
import { CONTROL_PATH, MAX_ANSWER_BYTES, MAX_ORDER_BYTES, readAnswer, writeOrder } from './order-message.ts';

const DEFAULT_DEADLINE = '5s';
const NONCE_BYTES = 16;
const MAX_WHO = 128;

export interface SendOrderOptions {
  /** Until when the answer must be there. Default 5 s. */
  readonly deadline?: Duration;
  /** Who gives it, for the other side's log. Default `user@host` of this process. */
  readonly who?: string;
}

/** A place in the mesh to give orders from. */
export interface OrderSender {
  readonly self: Announcement;
  readonly clusterKey: ClusterKey;
}

/** Resolves with what the order's handler answered.
 * @throws what the handler threw; UNIMPLEMENTED where the process does not know the order or takes none; UNAVAILABLE where
 * it takes none yet; FORBIDDEN; CONNECTION_FAILED; DEADLINE_EXCEEDED; BAD_ANSWER; PAYLOAD_TOO_LARGE
 * @example await sendOrder(mesh, peer, 'faults.lift', { id }, { deadline: '2s' }) */
export async function sendOrder(
  from: OrderSender,
  peer: Peer,
  order: string,
  args?: unknown,
  options: SendOrderOptions = {},
): Promise<unknown> {
  const { self, clusterKey } = from;
  if (!peer.address) throw listensNowhere(peer);
  const forMs = milliseconds(options.deadline ?? DEFAULT_DEADLINE);
  const nonce = randomBytes(NONCE_BYTES).toString('hex');
  const { instance, startedAt } = peer;
  const actor = { who: printable(options.who ?? whoWeAre()), instance: self.instance };
  const plain = writeOrder({
    sentAt: systemClock.wall(),
    nonce,
    to: { instance, startedAt },
    forMs,
    order,
    args,
    actor,
  });
  const body = clusterKey.seal(plain);
  if (body.length > MAX_ORDER_BYTES) {
    throw new GoblinError('PAYLOAD_TOO_LARGE', {
      message: `the order ${order} has ${body.length} bytes; the limit is ${MAX_ORDER_BYTES}`,
    });
  }
  const post: SealedPost = {
    to: peer.address,
    path: CONTROL_PATH,
    body,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    signal: AbortSignal.timeout(forMs),
  };
  const { status, body: sealed } = await postEitherWay(post).catch((error) => {
    throw unanswered(peer, error, forMs);
  });
  if (status !== 200) throw refusal(peer, status);
  const opened = clusterKey.open(sealed);
  const answer = opened && readAnswer(opened);
  if (answer?.nonce !== nonce) {
    throw new GoblinError('BAD_ANSWER', {
      message: `the answer of ${peer.instance} is not sealed with our key`,
    });
  }
  if (answer.error) throw answer.error;
  return answer.result;
}

/** An edge may take nothing but TLS. What it then makes of plain HTTP is not an order, so nothing has begun. */
async function postEitherWay(post: SealedPost): Promise<SealedAnswer> {
  try {
    return await postSealed(post);
  } catch (error) {
    if (!wantsTls(error)) throw error;
    return postByTls(post).catch(() => {
      throw error;
    });
  }
}

async function postByTls(post: SealedPost): Promise<SealedAnswer> {
  const { request } = await import('node:https');
  return postSealed(post, (options, answered) =>
    request({ ...options, rejectUnauthorized: false }, answered),
  );
}

/** Whether the connection was broken off, or answered with bytes that are no HTTP. */
function wantsTls(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code.startsWith('HPE_');
}

/** `ada@laptop` */
function whoWeAre(): string {
  return `${userName()}@${hostname()}`;
}

/** In a container the account may have a number only. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 0}`;
  }
}

function printable(who: string): string {
  return who.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, MAX_WHO) || '?';
}

function listensNowhere({ instance, service }: Peer): GoblinError {
  return service === undefined
    ? new GoblinError('UNIMPLEMENTED', { message: `${instance} is a pure client: it takes no orders` })
    : new GoblinError('UNAVAILABLE', { message: `${instance} is still starting: it takes no orders yet` });
}

function unanswered(peer: Peer, cause: unknown, forMs: number): GoblinError {
  const { name, message } = cause as Error;
  if (name === 'TimeoutError' || name === 'AbortError') {
    return new GoblinError('DEADLINE_EXCEEDED', {
      message: `${peer.instance} did not answer within ${forMs} ms`,
      cause,
    });
  }
  return new GoblinError('CONNECTION_FAILED', {
    message: `${peer.instance} at ${addressOf(peer)} cannot be reached: ${message}`,
    cause,
  });
}

function refusal({ instance }: Peer, status: number): GoblinError {
  if (status === 403) {
    return new GoblinError('FORBIDDEN', {
      message: `${instance} refused the order: it does not know our key, its clock differs from ours by more than 30 s, or it was started anew meanwhile`,
    });
  }
  return new GoblinError('UNIMPLEMENTED', { message: `${instance} takes no orders: it answered ${status}` });
}
