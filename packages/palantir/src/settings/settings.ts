/** What a team has written, ready to be used. */
import type { Rule } from '../alerts/alert.ts';
import type { CollectSettings } from '../collect/wanted.ts';
import type { ExportSettings } from '../export/settings.ts';
import type { NotifySettings } from '../notify/settings.ts';
import type { Catalogue } from './catalogue.ts';
import type { Dashboard } from './dashboards.ts';
import type { Stack } from './stack/stack.ts';

export interface Settings {
  /** The default ones as they are wanted, then those of the files. */
  readonly rules: readonly Rule[];
  readonly notify: NotifySettings;
  readonly dashboards: readonly Dashboard[];
  readonly catalogue: Catalogue;
  /** What should run. */
  readonly stacks: readonly Stack[];
  /** What is fetched besides what Palantir sees by itself. */
  readonly collect: CollectSettings;
  /** Where telemetry goes besides this machine. */
  readonly exports: ExportSettings;
}
