/** Finds peers through known ones: gets in touch with each seed, and again whenever it is not a member. Seeds are
 * ordinary services; one may be ourselves. For networks that a beacon does not cross and that have no DNS for it. A
 * seed that does not answer is reported and tried again; the others go on. */
import { GoblinError } from '@goblin/core';
import { contacts } from './contacts.ts';
import type { Finder } from './finder.ts';
import { readHostAndPort } from './host-and-port.ts';

const MAX_SEEDS = 64;

/** @param addresses such as `10.0.0.7:4100`, `seed.example:4100`, `[fd00::7]:4100`.
 * @throws CONFIG_INVALID when one is not host:port or there are too many. */
export function seeds(addresses: readonly string[]): Finder {
  if (addresses.length > MAX_SEEDS) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${addresses.length} seeds are too many: name at most ${MAX_SEEDS}, a few are enough`,
    });
  }
  const endpoints = addresses.map((address) => readHostAndPort(address, 'seed'));
  return {
    name: 'seeds',
    async start(context) {
      const touching = contacts(context, 'seeds');
      touching.use(endpoints);
      return { announce: () => {}, stop: async () => touching.stop() };
    },
  };
}

/** Reads `host:port, host:port`. @throws CONFIG_INVALID */
export function parseSeedsSetting(text: string): string[] {
  const addresses = text
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  for (const address of addresses) readHostAndPort(address, 'seed');
  return addresses;
}
