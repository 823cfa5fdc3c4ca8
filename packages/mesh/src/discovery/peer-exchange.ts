/** The door for what members ask each other over TCP (membership/resync.ts): sealed bytes in, sealed bytes out. */

/** Where peers are exchanged over HTTP. */
export const EXCHANGE_PATH = '/.goblin/peers';
/** A body of an exchange is never larger. */
export const MAX_EXCHANGE_BYTES = 524_288;

/** Answers an exchange that came over HTTP; undefined when it is not from a peer of ours: answer 403. */
export type PeerExchange = (body: Uint8Array) => Uint8Array | undefined;
