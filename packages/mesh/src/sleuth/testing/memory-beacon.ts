/** A beacon without a network, for tests that run anywhere: nodes of one air hear each other at once, as on 127.0.0.1. */
import type { BeaconSignal, HearBeacon, ZreBeacon } from '../zre-beacon.ts';

export interface Air {
  /** What a new node is given. */
  beacon(): ZreBeacon;
  /** Says something that no node said. */
  say(signal: BeaconSignal, address?: string): void;
  /** All that was said by nodes. */
  readonly said: BeaconSignal[];
}

const HERE = '127.0.0.1';

export function memoryAir(): Air {
  const hearers = new Set<HearBeacon>();
  const said: BeaconSignal[] = [];
  const say = (signal: BeaconSignal, address = HERE): void => {
    for (const hear of hearers) hear(signal, address);
  };
  return {
    said,
    say,
    beacon: () => ({
      async start(hear) {
        hearers.add(hear);
        return {
          async say(signal) {
            said.push(signal);
            say(signal);
          },
          close: () => void hearers.delete(hear),
        };
      },
    }),
  };
}
