/** A peer is a running instance that others can reach. What it says of itself is its announcement. */

export type PeerState = 'starting' | 'ready' | 'draining';

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
  readonly address: { readonly host: string; readonly port: number } | undefined;
  readonly state: PeerState;
  /** Grows with each change of the announcement, so that the newest wins whatever the order of arrival. */
  readonly incarnation: number;
  /** Wall clock, epoch ms. */
  readonly startedAt: number;
  readonly zone?: string | undefined;
  /** Share of traffic relative to other instances. Default 1. */
  readonly weight?: number | undefined;
}

export type Peer = Announcement;

/** `127.0.0.1:4711`, or `-` for a pure client. */
export function addressOf(peer: Peer): string {
  return peer.address ? `${peer.address.host}:${peer.address.port}` : '-';
}
