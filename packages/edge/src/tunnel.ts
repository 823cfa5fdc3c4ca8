/** The two sockets of a WebSocket, joined: bytes go through as they are, each direction as fast as its reader takes
 * them. When nothing came for `idleMs`, or the edge stops, the client is sent Close 1001 (going away) at the end of the
 * frame that is under way; its answer goes to the peer, so both sides end cleanly. What is not over CLOSE_MS later
 * is cut off. */
import type { Socket } from 'node:net';
import { closeFrame, FrameTracker } from './websocket-frames.ts';

const CLOSE_MS = 1_000;
const GOING_AWAY = 1_001;

export interface TunnelEnds {
  readonly client: Socket;
  readonly peer: Socket;
  readonly idleMs: number;
  /** Told the size of each piece that went through. */
  count(direction: 'in' | 'out', bytes: number): void;
}

export interface Tunnel {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  /** Says goodbye to the client; cut off after CLOSE_MS. */
  close(): void;
}

export function joinSockets({ client, peer, idleMs, count }: TunnelEnds): Tunnel {
  const frames = new FrameTracker();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let state: 'open' | 'closing' | 'said goodbye' = 'open';
  let open = 2;
  let cutOff: NodeJS.Timeout | undefined;
  const idle = setTimeout(close, idleMs);

  function endSoon(): void {
    cutOff ??= setTimeout(() => {
      client.destroy();
      peer.destroy();
    }, CLOSE_MS);
  }

  function sayGoodbye(): void {
    state = 'said goodbye';
    if (client.writable) client.write(closeFrame(GOING_AWAY));
    peer.resume();
  }

  function close(): void {
    if (state !== 'open') return;
    state = 'closing';
    endSoon();
    if (frames.atBoundary) sayGoodbye();
  }

  function pass(to: Socket, from: Socket, chunk: Buffer): void {
    if (to.writable && !to.write(chunk)) from.pause();
  }

  client.on('data', (chunk: Buffer) => {
    idle.refresh();
    count('in', chunk.length);
    pass(peer, client, chunk);
  });
  peer.on('data', (chunk: Buffer) => {
    if (state === 'said goodbye') return;
    idle.refresh();
    let piece = chunk;
    if (state === 'open') frames.advance(chunk);
    else piece = chunk.subarray(0, frames.advanceToBoundary(chunk));
    count('out', piece.length);
    pass(client, peer, piece);
    if (state === 'closing' && frames.atBoundary) sayGoodbye();
  });

  for (const [socket, other] of [
    [client, peer],
    [peer, client],
  ] as const) {
    socket.setTimeout(0);
    socket.on('drain', () => other.resume());
    socket.on('end', () => {
      other.end();
      endSoon();
    });
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      other.end();
      endSoon();
      if (--open > 0) return;
      clearTimeout(cutOff);
      clearTimeout(idle);
      resolve();
    });
  }
  return { closed, close };
}
