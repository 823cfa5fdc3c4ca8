/** What turns the bytes of one request into what they tell. It is pure, but for memories that only save work (and StatsD's totals).
 * It answers for any bytes: what is good is in the batch, what is not is counted with its reason. */
import type { Batch, Labels } from '../model.ts';

/** @param receivedAtMs the time of what says none. @param target labels of where it was read, for formats that are scraped.
 * @throws INVALID_INPUT when nothing of it can be read, PAYLOAD_TOO_LARGE */
export type Decoder = (bytes: Uint8Array, receivedAtMs: number, target?: Labels) => Batch;
