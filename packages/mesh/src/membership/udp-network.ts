/** The membership's network in a process: one UDP socket, and requests to other members' HTTP servers. The socket
 * takes IPv6 and IPv4 where the machine has both. A port that is taken is said and another one used: everybody tells
 * the others where it listens anyway. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import type { Complaints } from '../discovery/complaints.ts';
import type { Endpoint } from '../peer.ts';
import { askOverHttp, failureOf } from './http-exchange.ts';
import type { MembershipNetwork } from './network.ts';

const RECEIVE_BUFFER_BYTES = 1_048_576;
/** How IPv4 addresses are written on a socket for both. */
const MAPPED = '::ffff:';

export interface UdpNetwork extends MembershipNetwork {
  /** Where the socket listens, on all addresses of this machine. */
  readonly port: number;
  /** Sends what is under way and closes. */
  close(): Promise<void>;
}

export interface UdpNetworkOptions {
  /** 0 takes any free one. */
  readonly port: number;
  readonly complaints: Complaints;
  receive(datagram: Uint8Array, from: Endpoint): void;
}

/** @throws the system's error when no UDP socket can be opened at all. */
export async function openUdpNetwork(options: UdpNetworkOptions): Promise<UdpNetwork> {
  const { port, complaints, receive } = options;
  const socket = await openSocket(port, complaints);
  const isDual = socket.address().family === 'IPv6';
  const closing = new AbortController();
  let sending = 0;
  let whenSent = (): void => {};

  socket.on('error', (error) => complaints.about(`trouble with its socket: ${error.message}`));
  socket.on('message', (datagram, from) => {
    const host = from.address.startsWith(MAPPED) ? from.address.slice(MAPPED.length) : from.address;
    receive(datagram, { host, port: from.port });
  });

  return {
    port: socket.address().port,
    send(to, datagram) {
      if (closing.signal.aborted) return;
      sending++;
      const host = isDual && isIPv4(to.host) ? MAPPED + to.host : to.host;
      socket.send(datagram, to.port, host, (error) => {
        sending--;
        if (error) complaints.about(`cannot send: ${error.message}`);
        if (sending === 0) whenSent();
      });
    },
    exchange(to, body, done) {
      void askOverHttp(to, body, closing.signal).then(
        (answer) => done(answer, undefined),
        (error) => done(undefined, failureOf(error)),
      );
    },
    async close() {
      closing.abort();
      await new Promise<void>((resolve) => {
        whenSent = resolve;
        if (sending === 0) resolve();
      });
      socket.close();
    },
  };
}

async function openSocket(port: number, complaints: Complaints): Promise<Socket> {
  const failures: string[] = [];
  for (const [type, at] of [
    ['udp6', port],
    ['udp4', port],
    ['udp6', 0],
  ] as const) {
    try {
      const socket = await bind(type, at);
      if (at !== port) complaints.about(`cannot have UDP port ${port}, takes another: ${failures[0]}`);
      return socket;
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  return bind('udp4', 0);
}

function bind(type: 'udp4' | 'udp6', port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type, recvBufferSize: RECEIVE_BUFFER_BYTES });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
