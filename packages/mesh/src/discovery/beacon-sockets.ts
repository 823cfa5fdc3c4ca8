/** The sockets of a beacon. One listens on the beacon's port, shared with every other process of the machine.
 * One per interface speaks, on a port of its own, so that others can answer this process alone. Speech goes to
 * the multicast group and, on a LAN, to the interface's broadcast address too, because switches and access
 * points may lose the one or the other. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

/** Administratively scoped (RFC 2365): routers do not pass it on. */
export const GROUP = '239.255.71.66';
const LOOPBACK = '127.0.0.1';
export const LOOPBACK_BROADCAST = '127.255.255.255';
const MAX_INTERFACES = 16;
const RECEIVE_BUFFER_BYTES = 1_048_576;

/** `loopback`: this machine only. `lan`: that and all IPv4 interfaces. Otherwise an interface's name or address. */
export type BeaconScope = 'loopback' | 'lan' | (string & {});

export interface BeaconInterface {
  readonly address: string;
  readonly broadcast: string | undefined;
}

export interface BeaconSockets {
  /** To everybody. Resolves when the datagrams have left. */
  send(datagrams: readonly Uint8Array[]): Promise<void>;
  /** To one, by the way it came from. */
  answer(datagrams: readonly Uint8Array[], to: RemoteInfo): void;
  close(): void;
}

export interface BeaconSocketsOptions {
  readonly port: number;
  readonly interfaces: readonly BeaconInterface[];
  /** The multicast groups to speak to and to hear. Default: that of our own beacon. */
  readonly groups?: readonly string[];
  receive(datagram: Uint8Array, from: RemoteInfo): void;
  trouble(error: Error): void;
}

/** The interfaces of a scope as they are now. Empty when there is none of that name. */
export function beaconInterfaces(scope: BeaconScope): BeaconInterface[] {
  const loopback = { address: LOOPBACK, broadcast: undefined };
  if (scope === 'loopback') return [loopback];
  const found: BeaconInterface[] = scope === 'lan' ? [loopback] : [];
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { family, internal, address, netmask } of addresses ?? []) {
      if (family !== 'IPv4' || (internal && scope === 'lan')) continue;
      if (scope !== 'lan' && scope !== name && scope !== address) continue;
      found.push({ address, broadcast: internal ? undefined : broadcastOf(address, netmask) });
    }
  }
  return found.slice(0, MAX_INTERFACES);
}

/** @throws the error of the socket that could not be opened; then none is open. */
export async function openBeaconSockets(options: BeaconSocketsOptions): Promise<BeaconSockets> {
  const open: Socket[] = [];
  const close = (): void => {
    for (const socket of open.splice(0)) socket.close();
  };
  try {
    const listener = await bind(options, { port: options.port, shared: true });
    open.push(listener);
    const speakers: Speaker[] = [];
    for (const { address, broadcast } of options.interfaces) {
      const socket = await bind(options, { address });
      open.push(socket);
      const groups = options.groups ?? [GROUP];
      speakers.push({ socket, destinations: destinationsOf(listener, socket, address, broadcast, groups) });
    }
    return {
      send: (datagrams) => sendAll(speakers, datagrams, options),
      answer(datagrams, to) {
        const { socket } =
          speakers.find(
            (speaker) => isLoopback(speaker.socket.address().address) === isLoopback(to.address),
          ) ?? speakers[0]!;
        for (const datagram of datagrams)
          socket.send(datagram, to.port, to.address, (error) => error && options.trouble(error));
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

interface Speaker {
  readonly socket: Socket;
  readonly destinations: readonly string[];
}

async function bind(
  { receive, trouble }: BeaconSocketsOptions,
  { port = 0, address = '0.0.0.0', shared = false }: { port?: number; address?: string; shared?: boolean },
): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: shared });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port, address, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', trouble);
    socket.on('message', receive);
    enlargeBuffer(socket);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** The system may allow less; then bursts of more than some hundred datagrams lose a few, and the next second repeats them. */
function enlargeBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {}
}

function destinationsOf(
  listener: Socket,
  speaker: Socket,
  address: string,
  broadcast: string | undefined,
  groups: readonly string[],
): string[] {
  speaker.setBroadcast(true);
  const destinations = broadcast === undefined ? [] : [broadcast];
  try {
    for (const group of groups) listener.addMembership(group, address);
    speaker.setMulticastInterface(address);
    speaker.setMulticastTTL(1);
    speaker.setMulticastLoopback(true);
    destinations.push(...groups);
  } catch {
    // No multicast on this interface: broadcast alone carries it, which loopback has too.
    if (isLoopback(address)) destinations.push(LOOPBACK_BROADCAST);
  }
  return destinations;
}

async function sendAll(
  speakers: readonly Speaker[],
  datagrams: readonly Uint8Array[],
  { port, trouble }: BeaconSocketsOptions,
): Promise<void> {
  const sent: Promise<void>[] = [];
  for (const { socket, destinations } of speakers) {
    for (const destination of destinations) {
      for (const datagram of datagrams) {
        sent.push(
          new Promise((resolve) => {
            socket.send(datagram, port, destination, (error) => {
              if (error) trouble(error);
              resolve();
            });
          }),
        );
      }
    }
  }
  await Promise.all(sent);
}

function broadcastOf(address: string, netmask: string): string | undefined {
  const mask = netmask.split('.').map(Number);
  if (mask[3]! >= 254) return undefined;
  return address
    .split('.')
    .map((byte, index) => Number(byte) | (255 & ~mask[index]!))
    .join('.');
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}
