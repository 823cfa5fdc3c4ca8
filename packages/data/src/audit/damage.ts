/** What can be wrong with an audit trail. */

/** - `changed`: the entry is not what was chained
 * - `removed`: the entry, or its place in the chain, is gone
 * - `reordered`: it does not follow the one that stands before it
 * - `inserted`: an entry stands among chained ones and is not chained
 * - `cut`: a checkpoint tells of an end that the chain does not reach
 * - `rewritten`: the chain is whole, but not the one that was signed
 * - `forged`: a checkpoint is not signed by a known key */
export type AuditDamageKind =
  | 'changed'
  | 'removed'
  | 'reordered'
  | 'inserted'
  | 'cut'
  | 'rewritten'
  | 'forged';

export interface AuditDamage {
  readonly kind: AuditDamageKind;
  /** Where in the chain. */
  readonly sequence: number | undefined;
  /** The id of the entry, where one is named. */
  readonly entry: number | undefined;
  /** For a person. */
  readonly message: string;
}

/** Ends a verification. */
export class Damaged extends Error {
  readonly damage: AuditDamage;

  constructor(kind: AuditDamageKind, message: string, sequence?: number, entry?: number) {
    super(message);
    this.damage = { kind, sequence, entry, message };
  }
}
