/** The beacon of ZRE: 22 bytes over UDP that say who is here and at which TCP port; port 0 says goodbye. Speaks to the
 * multicast groups and to the broadcast address, because some implementations hear the one and some the other, and
 * hears both. Anybody can send one, so it proves nothing: what it leads to is a connection attempt, no more. */
import { type Clock, GoblinError, type Logger } from '@goblin/core';
import {
  type BeaconInterface,
  isLoopback,
  LOOPBACK_BROADCAST,
  openBeaconSockets,
} from '../discovery/beacon-sockets.ts';
import { createComplaints } from '../discovery/complaints.ts';
import { tokenBucket } from '../discovery/token-bucket.ts';

const BEACON_BYTES = 22;
const MAGIC = Buffer.from('ZRE\x01');
const UUID_BYTES = 16;
/** gyre speaks to the first, and to the second on loopback. */
const GROUPS = ['224.0.0.250', '224.0.0.1'];
/** What is heard beyond this is dropped unread. */
const MAX_HEARD_PER_SECOND = 5_000;

export interface BeaconSignal {
  /** 32 upper-case hex digits. */
  readonly uuid: string;
  /** Where it listens; 0 when it leaves. */
  readonly port: number;
}

/** @param address where the signal came from */
export type HearBeacon = (signal: BeaconSignal, address: string) => void;

/** How a node says that it is here, and hears who else is. */
export interface ZreBeacon {
  start(hear: HearBeacon): Promise<RunningBeacon>;
}

export interface RunningBeacon {
  /** Resolves when it has left. Never rejects. */
  say(signal: BeaconSignal): Promise<void>;
  close(): void;
}

export function encodeBeaconSignal({ uuid, port }: BeaconSignal): Buffer {
  const bytes = Buffer.alloc(BEACON_BYTES);
  MAGIC.copy(bytes);
  bytes.write(uuid, MAGIC.length, 'hex');
  bytes.writeUInt16BE(port, MAGIC.length + UUID_BYTES);
  return bytes;
}

/** The signal; undefined for anything else, encrypted beacons (version 3) included. */
export function decodeBeaconSignal(datagram: Uint8Array): BeaconSignal | undefined {
  if (datagram.length !== BEACON_BYTES) return undefined;
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return {
    uuid: bytes.toString('hex', MAGIC.length, MAGIC.length + UUID_BYTES).toUpperCase(),
    port: bytes.readUInt16BE(MAGIC.length + UUID_BYTES),
  };
}

export interface UdpBeaconOptions {
  readonly port: number;
  readonly interface: BeaconInterface;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starting @throws PORT_IN_USE, or the error of the socket that cannot be opened */
export function udpBeacon(options: UdpBeaconOptions): ZreBeacon {
  const { port, clock } = options;
  const { address, broadcast = isLoopback(address) ? LOOPBACK_BROADCAST : undefined } = options.interface;
  return {
    async start(hear) {
      const complaints = createComplaints(clock, options.log, `sleuth's beacon on UDP port ${port}`);
      const hearing = tokenBucket(clock, MAX_HEARD_PER_SECOND);
      const opening = openBeaconSockets({
        port,
        interfaces: [{ address, broadcast }],
        groups: GROUPS,
        receive(datagram, from) {
          const signal = hearing.take() ? decodeBeaconSignal(datagram) : undefined;
          if (signal) hear(signal, from.address);
        },
        trouble: (error) => complaints.about(`cannot send: ${error.message}`),
      });
      const sockets = await opening.catch((error) => {
        throw isTaken(error) ? portInUse(port, error) : error;
      });
      return {
        say: (signal) => sockets.send([encodeBeaconSignal(signal)]),
        close() {
          sockets.close();
          complaints.close();
        },
      };
    },
  };
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

function portInUse(port: number, cause: unknown): GoblinError {
  return new GoblinError('PORT_IN_USE', {
    message: `another program has UDP port ${port} for itself: stop it, or have all Sleuth peers use another port`,
    cause,
  });
}
