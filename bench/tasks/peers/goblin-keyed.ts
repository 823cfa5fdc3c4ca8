/** Tasks that are unique by key, also after they have finished. */
import { randomUUID } from 'node:crypto';
import { goblinPeer } from '../goblin.ts';

export const { producer, worker } = goblinPeer('bench.keyed', randomUUID);
