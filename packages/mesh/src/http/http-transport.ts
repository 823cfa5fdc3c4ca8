/** Carries calls over HTTP/1.1 by the Connect protocol: the way that needs nothing of the other side but HTTP. Kept
 * connections to each peer, as many as run at once; those of a peer that was not called for IDLE_PEER_MS are
 * closed. Deadline, trace, baggage, tenant and actor of the context go along as headers, and the end of the
 * context's work closes the connection, which is how the peer learns that nobody waits. */
import {
  type Call,
  type Clock,
  type ContextValues,
  contextOf,
  GoblinError,
  systemClock,
  type Telemetry,
  type Timer,
} from '@goblin/core';
import { addressOf, type Peer } from '../peer.ts';
import type { Transport } from '../transport.ts';
import { encodeEnvelope } from './connect-envelope.ts';
import { encodeJson, JSON_TYPE, PROTOCOL_VERSION, STREAM_TYPE, VERSION_HEADER } from './connect-protocol.ts';
import { pushContext } from './context-headers.ts';
import type { OutgoingCall } from './http-call.ts';
import { PeerConnections } from './peer-connections.ts';
import { StreamCall } from './stream-call.ts';
import { UnaryCall } from './unary-call.ts';

export interface HttpTransportOptions {
  /** The largest answer, and the largest item of a stream. Default 16 MiB. */
  readonly maxAnswerBytes?: number;
  /** To show how many calls run and wait. */
  readonly telemetry?: Telemetry;
  readonly clock?: Clock;
}

/** How long the connections of a peer are kept that is not called. */
export const IDLE_PEER_MS = 60_000;
const SWEEP_MS = 10_000;
const DEFAULT_MAX_ANSWER_BYTES = 16 * 1_048_576;

interface KnownPeer {
  readonly address: string;
  readonly connections: PeerConnections;
  usedAt: number;
}

/** @example const transport = httpTransport(); await transport.call(peer, { procedure, input }); */
export function httpTransport(options: HttpTransportOptions = {}): Transport {
  const clock = options.clock ?? systemClock;
  const maxAnswerBytes = options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
  const peers = new Map<string, KnownPeer>();
  const shown = options.telemetry && show(options.telemetry, peers);
  let sweeper: Timer | undefined;
  let closed = false;

  function connectionsTo(peer: Peer): KnownPeer {
    const address = addressOf(peer);
    let known = peers.get(address);
    if (!known) {
      if (!peer.address || closed) throw notCallable(peer, closed);
      known = { address, connections: new PeerConnections(peer.address), usedAt: 0 };
      peers.set(address, known);
      sweeper ??= clock.every(SWEEP_MS, sweep);
    }
    return known;
  }

  function sweep(): void {
    const now = clock.now();
    for (const [address, { connections, usedAt }] of peers) {
      if (connections.busy || now - usedAt < IDLE_PEER_MS) continue;
      peers.delete(address);
      void connections.close();
    }
    if (peers.size > 0) return;
    sweeper?.cancel();
    sweeper = undefined;
  }

  function carry(known: KnownPeer, call: Call): Promise<unknown> {
    const now = clock.now();
    known.usedAt = now;
    const outgoing = outgoingCall(call, known.address, contextOf(call), now, maxAnswerBytes);
    return call.procedure.stream
      ? new StreamCall(outgoing, known.connections).began
      : new UnaryCall(outgoing, known.connections).promise;
  }

  return {
    name: 'http',

    call(peer, call) {
      try {
        return carry(connectionsTo(peer), call);
      } catch (error) {
        return Promise.reject(error);
      }
    },

    async close() {
      closed = true;
      shown?.[Symbol.dispose]();
      sweeper?.cancel();
      sweeper = undefined;
      await Promise.all([...peers.values()].map(({ connections }) => connections.close()));
      peers.clear();
    },
  };
}

function show(telemetry: Telemetry, peers: ReadonlyMap<string, KnownPeer>): Disposable {
  const help =
    'Calls to other instances over HTTP, by state: running, waiting for a connection, or streaming.';
  return telemetry.metrics.observe('http_client_calls', { help, labels: ['state'] }, (set) => {
    const total = { running: 0, waiting: 0, streaming: 0 };
    for (const { connections } of peers.values()) {
      total.running += connections.load.running;
      total.waiting += connections.load.waiting;
      total.streaming += connections.load.streaming;
    }
    for (const [state, count] of Object.entries(total)) set(count, state);
  });
}

function outgoingCall(
  { procedure, input }: Call,
  address: string,
  values: ContextValues,
  now: number,
  maxAnswerBytes: number,
): OutgoingCall {
  const headers = [
    'content-type',
    procedure.stream ? STREAM_TYPE : JSON_TYPE,
    VERSION_HEADER,
    PROTOCOL_VERSION,
  ];
  pushContext(headers, values, now);
  const json = encodeJson(input);
  return {
    address,
    path: procedure.path,
    headers,
    body: procedure.stream ? encodeEnvelope(0, json) : json,
    cancellation: values.cancellation,
    maxAnswerBytes,
  };
}

function notCallable(peer: Peer, closed: boolean): GoblinError {
  return new GoblinError('UNAVAILABLE', {
    message: closed ? 'the transport is closed' : `${peer.instance} is a pure client: it has no address`,
    data: { started: false },
  });
}
