/** Tasks without a key, as the other queues take them. */
import { goblinPeer } from '../goblin.ts';

export const { producer, worker } = goblinPeer('bench.note', () => undefined);
