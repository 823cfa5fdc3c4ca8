/** Push/pull between two processes: the one that asks sends what it knows, the other answers with what it knows,
 * both sealed. Each entry says how long ago the peer itself was heard, so that hearsay grows old on its way and
 * cannot keep alive who has gone. Who said goodbye is passed on too. Requests are accepted once; an answer must
 * carry its request's nonce. */
import { randomBytes } from 'node:crypto';
import type { Announcement } from '../peer.ts';
import { parseAnnouncement } from './announcement.ts';
import type { FinderContext } from './finder.ts';
import { replayGuard } from './replay-guard.ts';

/** Where peers are exchanged over HTTP. */
export const EXCHANGE_PATH = '/.goblin/peers';
/** A body of an exchange is never larger. */
export const MAX_EXCHANGE_BYTES = 524_288;
/** A peer that nobody heard for this long is not passed on, and forgotten. */
export const CONFIRMED_WITHIN_MS = 15_000;
/** What a peer and its JSON brackets take at most in our own messages, where a seal and a sender must fit too. */
const ROOM_BYTES = MAX_EXCHANGE_BYTES - 65_536;
const MAX_DEPARTED = 500;
const NONCE_BYTES = 9;
const FINDER = 'seeds';

interface ExchangeMessage {
  readonly kind: 'request' | 'answer';
  readonly nonce: string;
  readonly sentAt: number;
  readonly sequence: number;
  readonly from: Announcement;
  readonly leaving: boolean;
  /** Age of the evidence in ms, and the peer. */
  readonly peers: readonly (readonly [number, Announcement])[];
  readonly departed: readonly (readonly [instance: string, incarnation: number])[];
}

/** Answers an exchange that came over HTTP; undefined when it is not from a peer of ours: answer 403. */
export type PeerExchange = (body: Uint8Array) => Uint8Array | undefined;

export function peerExchange(context: FinderContext): PeerExchange {
  const guard = replayGuard(context.clock);
  const refused = context.metrics
    .counter('mesh_exchange_refused_total', {
      help: 'Requests to exchange peers that were not from a peer of ours.',
    })
    .with();
  return (body) => {
    const message = openMessage(context, body, 'request');
    if (!message || guard.check(message.from.instance, message.sentAt, message.sequence) !== 'fresh') {
      refused.add();
      return undefined;
    }
    takeIn(context, message);
    return sealMessage(context, 'answer', message.nonce, false);
  };
}

export interface ExchangeRequest {
  readonly body: Uint8Array;
  /** Takes in the answer and says who gave it. Undefined when it is none to this request. */
  accept(answer: Uint8Array): Announcement | undefined;
}

export function exchangeRequest(context: FinderContext, leaving: boolean): ExchangeRequest {
  const nonce = randomBytes(NONCE_BYTES).toString('base64url');
  return {
    body: sealMessage(context, 'request', nonce, leaving),
    accept(answer) {
      const message = openMessage(context, answer, 'answer');
      if (message?.nonce !== nonce) return undefined;
      takeIn(context, message);
      return message.from;
    },
  };
}

function takeIn({ directory, clock, self }: FinderContext, message: ExchangeMessage): void {
  const now = clock.now();
  const own = self().instance;
  for (const [instance, incarnation] of message.departed) {
    if (instance !== own) directory.goodbye(instance, incarnation);
  }
  if (message.from.instance === own) return;
  if (message.leaving) {
    directory.goodbye(message.from.instance, message.from.incarnation);
    return;
  }
  directory.heard(message.from, { by: FINDER, at: now, forMs: CONFIRMED_WITHIN_MS });
  for (const [ageMs, peer] of message.peers) {
    if (peer.instance === own || ageMs >= CONFIRMED_WITHIN_MS) continue;
    directory.heard(peer, { by: FINDER, at: now - ageMs, forMs: CONFIRMED_WITHIN_MS });
  }
}

function sealMessage(
  context: FinderContext,
  kind: ExchangeMessage['kind'],
  nonce: string,
  leaving: boolean,
): Uint8Array {
  const { directory, clock, clusterKey } = context;
  const message: ExchangeMessage = {
    kind,
    nonce,
    sentAt: clock.wall(),
    sequence: context.nextSequence(),
    from: context.self(),
    leaving,
    peers: leaving ? [] : knownPeers(context),
    departed: leaving ? [] : [...directory.departed].slice(-MAX_DEPARTED),
  };
  return clusterKey.seal(Buffer.from(JSON.stringify(message)));
}

/** All peers with fresh evidence, or as many as fit, beginning anywhere: over several exchanges all get their turn. */
function knownPeers({ directory, clock, self, random }: FinderContext): [number, Announcement][] {
  const now = clock.now();
  const { peers } = directory;
  const known: [number, Announcement][] = [];
  const first = Math.floor(random() * peers.length);
  let bytes = 0;
  for (let i = 0; i < peers.length; i++) {
    const peer = peers[(first + i) % peers.length]!;
    const ageMs = Math.max(0, Math.round(now - (directory.lastHeard(peer.instance) ?? 0)));
    if (peer.instance === self().instance || ageMs >= CONFIRMED_WITHIN_MS) continue;
    bytes += JSON.stringify(peer).length + 10;
    if (bytes > ROOM_BYTES) break;
    known.push([ageMs, peer]);
  }
  return known;
}

function openMessage(
  { clusterKey }: FinderContext,
  body: Uint8Array,
  kind: ExchangeMessage['kind'],
): ExchangeMessage | undefined {
  if (body.length > MAX_EXCHANGE_BYTES) return undefined;
  const plain = clusterKey.open(body);
  if (!plain) return undefined;
  try {
    return parseMessage(JSON.parse(Buffer.from(plain).toString()), kind);
  } catch {
    return undefined;
  }
}

function parseMessage(
  value: Record<string, unknown>,
  kind: ExchangeMessage['kind'],
): ExchangeMessage | undefined {
  const { nonce, sentAt, sequence, leaving, peers, departed } = value;
  const from = parseAnnouncement(value.from);
  if (value.kind !== kind || !from || typeof nonce !== 'string' || typeof leaving !== 'boolean')
    return undefined;
  if (typeof sentAt !== 'number' || typeof sequence !== 'number') return undefined;
  if (!Array.isArray(peers) || !Array.isArray(departed)) return undefined;
  return {
    kind,
    nonce,
    sentAt,
    sequence,
    from,
    leaving,
    peers: peers.flatMap((entry) => {
      const peer = parseAnnouncement(entry?.[1]);
      const ageMs = entry?.[0];
      return peer && typeof ageMs === 'number' && ageMs >= 0 ? [[ageMs, peer] as const] : [];
    }),
    departed: departed
      .filter((entry) => typeof entry?.[0] === 'string' && typeof entry[1] === 'number')
      .slice(0, MAX_DEPARTED),
  };
}
