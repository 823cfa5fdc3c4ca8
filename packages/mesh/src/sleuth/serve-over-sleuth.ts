/** A Goblin service on a Sleuth network: announced under its name, and what others ask there is answered by its own HTTP
 * server (loopback-handler.ts). */
import type { Telemetry } from '@goblin/core';
import type { Endpoint } from '../peer.ts';
import { loopbackHandler } from './loopback-handler.ts';
import { openSleuth, type SleuthParts } from './open-sleuth.ts';
import type { SleuthPlace } from './sleuth-setting.ts';

export interface ServedOverSleuth {
  readonly uuid: string;
  /** Says goodbye, answers what runs, closes. Settles within `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
}

export interface ServeOverSleuthOptions extends Pick<SleuthParts, 'beacon'> {
  readonly place: SleuthPlace;
  readonly name: string;
  readonly version: string;
  /** Where its HTTP server listens. */
  readonly address: Endpoint;
  readonly telemetry: Telemetry;
}

/** @throws what openSleuth throws */
export async function serveOverSleuth(options: ServeOverSleuthOptions): Promise<ServedOverSleuth> {
  const { place, name, version, address, telemetry, beacon } = options;
  const loopback = loopbackHandler(address);
  const serve = { name, version, handler: loopback.handle };
  try {
    const node = await openSleuth({ ...place, serve }, { telemetry, ...(beacon && { beacon }) });
    return {
      uuid: node.uuid,
      async stop(timeoutMs) {
        await node.stop(timeoutMs);
        loopback.close();
      },
    };
  } catch (error) {
    loopback.close();
    throw error;
  }
}
