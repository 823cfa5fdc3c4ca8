/** As it is by default, which makes enqueuing cheaper and waking slow. */
import { pgBossPeer } from '../pg-boss.ts';

export const { producer, worker } = pgBossPeer('polled', false);
