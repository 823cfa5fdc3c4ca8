/** Woken by LISTEN/NOTIFY. */
import { pgBossPeer } from '../pg-boss.ts';

export const { producer, worker } = pgBossPeer('note', true);
