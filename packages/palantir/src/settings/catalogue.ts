/** What people know of a service and no telemetry says. */

export interface CatalogueEntry {
  /** Who answers for it: a team, a person. */
  readonly owner?: string;
  /** One line: what it is for. */
  readonly description?: string;
  readonly docs?: string;
  readonly repository?: string;
  readonly runbook?: string;
}

/** By the name of the service. */
export type Catalogue = Readonly<Record<string, CatalogueEntry>>;
