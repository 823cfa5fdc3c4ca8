/** A peer is a running instance that others can reach. What it says of itself is its announcement. */

export type PeerState = 'starting' | 'ready' | 'draining';

/** Where links are answered: at the peer's address, or at `path`. */
export interface LinkDoor {
  /** Whether links must be made by TLS. */
  readonly tls: boolean;
  /** A Unix socket, for who is on the same machine. */
  readonly path?: string | undefined;
}

export interface Announcement {
  /** Unique for each start of a process: a restarted instance is a new peer. */
  readonly instance: string;
  /** The name it runs under in the app model, such as `payments`. Pure clients have none. */
  readonly service: string | undefined;
  /** The release it runs. */
  readonly version: string;
  /** The contracts it answers, such as `tax.v1`. */
  readonly contracts: readonly string[];
  /** Where it listens; pure clients listen nowhere. */
  readonly address: Endpoint | undefined;
  /** How it takes calls by the link protocol; where it is missing, only HTTP does. */
  readonly link?: LinkDoor | undefined;
  readonly state: PeerState;
  /** Grows with each change of the announcement, so that the newest wins whatever the order of arrival. */
  readonly incarnation: number;
  /** Wall clock, epoch ms. */
  readonly startedAt: number;
  readonly zone?: string | undefined;
  /** Share of traffic relative to other instances. Default 1. */
  readonly weight?: number | undefined;
  /** Where it takes datagrams of the membership; without, it is known by its finders alone. */
  readonly gossip?: Endpoint | undefined;
  /** The one tenant it works for, where tenants have instances of their own. */
  readonly tenant?: string | undefined;
  /** How busy it is: 0 idle, 1 all it can do. Told in coarse steps. */
  readonly load?: number | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export type Peer = Announcement;

/** `127.0.0.1:4711`, or `-` for a pure client. */
export function addressOf(peer: Peer): string {
  return peer.address ? hostAndPort(peer.address) : '-';
}

/** `10.0.0.7:4100`, `[fd00::7]:4100` */
export function hostAndPort({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
