/** What a check found. */
export interface Health {
  readonly ok: boolean;
  /** For a person: what is wrong, or how well it is. */
  readonly detail?: string;
}
