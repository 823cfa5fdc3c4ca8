/** Dashboards as code: rows of panels, each of which draws queries. */

/** How a value is written: `share` from 0 to 1 as percent. */
export type PanelUnit = 'number' | 'perSecond' | 'seconds' | 'bytes' | 'bytesPerSecond' | 'share';
export type PanelKind = 'lines' | 'area' | 'number' | 'table';

export interface PanelQuery {
  /** PromQL. */
  readonly expression: string;
  /** `{{ service }}` stands for a label. Default: the labels. */
  readonly legend?: string;
}

export interface Panel {
  readonly title: string;
  readonly kind: PanelKind;
  readonly unit: PanelUnit;
  readonly queries: readonly PanelQuery[];
  readonly description?: string;
}

export interface DashboardRow {
  readonly title?: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** Unique; stands in the address. */
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  readonly rows: readonly DashboardRow[];
  /** File and line. */
  readonly source: string;
}

export const PANEL_UNITS: readonly PanelUnit[] = [
  'number',
  'perSecond',
  'seconds',
  'bytes',
  'bytesPerSecond',
  'share',
];
export const PANEL_KINDS: readonly PanelKind[] = ['lines', 'area', 'number', 'table'];
