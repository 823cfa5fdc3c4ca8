/** What the handler of a schedule is told. It is kept as text, and arrives as a Date. */
import type { Schema } from '@goblin/core';

export interface StoredSlot {
  /** ISO 8601. */
  readonly slot: string;
}

export interface Slot {
  /** When it was due, which may be long ago for a slot that was missed. */
  readonly slot: Date;
}

export const slotInput: Schema<StoredSlot, Slot> = {
  '~standard': {
    version: 1,
    vendor: 'goblin',
    validate: (value) => {
      const slot = new Date((value as StoredSlot | null)?.slot ?? Number.NaN);
      if (!Number.isNaN(slot.getTime())) return { value: { slot } };
      return { issues: [{ path: ['slot'], message: 'is a time in ISO 8601' }] };
    },
  },
};
