/** Lets HTTP, links and TLS in by one port, told apart by the first byte that a connection brings: 0xC7 begins a
 * link's preface, 0x16 a TLS handshake, and neither can begin HTTP. The byte is put back, and whoever takes the
 * connection reads it from its beginning. It costs a connection one event and a request nothing. A connection
 * that is silent for `silenceMs`, or ends before it has said anything, is closed. */
import type { Server, Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { FIRST_BYTE } from './frames.ts';
import type { LinkServer } from './link-server.ts';

const TLS_HANDSHAKE = 0x16;
/** For a TLS handshake, from its first byte on. */
const HANDSHAKE_TIMEOUT_MS = 4_000;

export interface DoorOptions {
  readonly links: LinkServer;
  /** Takes TLS too, and links then only inside of it. */
  readonly tls?: TlsOptions | undefined;
  readonly silenceMs: number;
}

export interface Door {
  /** Closes the connections that have not shown what they are. */
  close(): void;
}

/** Stands between a server that was set up for HTTP and its connections. */
export function openDoor(server: Server, options: DoorOptions): Door {
  const { links, tls, silenceMs } = options;
  const takers = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  const undecided = new Set<Socket>();
  const secure = tls && createServer({ handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...tls });

  function lookAt(socket: Socket, isSecure: boolean): void {
    const giveUp = (): void => void socket.destroy();
    const decided = (): void => {
      undecided.delete(socket);
      socket.setTimeout(0, giveUp);
      socket.off('error', giveUp).off('end', giveUp).off('close', decided).off('data', onData);
    };
    const onData = (chunk: Buffer): void => {
      decided();
      // Paused, so that nobody misses a byte; the taker's listeners are there when it goes on.
      socket.pause();
      socket.unshift(chunk);
      give(socket, chunk[0]!, isSecure);
      process.nextTick(() => socket.resume());
    };
    undecided.add(socket);
    socket.setTimeout(silenceMs, giveUp);
    // HTTP allows half-open connections: the end of the other half does not close them.
    socket.on('error', giveUp).on('end', giveUp).on('close', decided).on('data', onData);
  }

  function give(socket: Socket, first: number, isSecure: boolean): void {
    if (first === TLS_HANDSHAKE && secure && !isSecure) {
      // A client that breaks off its handshake is not waited for.
      socket.allowHalfOpen = false;
      secure.emit('connection', socket);
    } else if (first !== FIRST_BYTE) for (const take of takers) take.call(server, socket);
    else if (isSecure || !secure) links.accept(socket);
    else socket.destroy();
  }

  server.removeAllListeners('connection');
  server.on('connection', (socket) => lookAt(socket, false));
  secure?.on('secureConnection', (socket) => lookAt(socket, true));
  secure?.on('tlsClientError', (_error, socket) => socket.destroy());
  return {
    close() {
      for (const socket of undecided) socket.destroy();
    },
  };
}
