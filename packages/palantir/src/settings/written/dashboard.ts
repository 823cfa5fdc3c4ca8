/** Dashboards, the catalogue of services and stacks as they stand in a file. */
import type { Labels } from '../../model.ts';
import type { CatalogueEntry } from '../catalogue.ts';
import { PANEL_KINDS, PANEL_UNITS, type PanelKind, type PanelUnit } from '../dashboards.ts';
import { list, object, optional, required } from '../shape/collections.ts';
import { template } from '../shape/placeholders.ts';
import { choice, text, url } from '../shape/scalars.ts';
import { placed, type Shape, scalarOr } from '../shape/shape.ts';
import type { Placed } from '../shape/spot.ts';
import { fillings, name, title } from './common.ts';

export interface WrittenQuery {
  readonly expression?: Placed<string>;
  readonly use?: Placed<string>;
  readonly with?: Placed<Labels>;
  readonly legend?: string;
}

export interface WrittenPanel extends WrittenQuery {
  readonly title: string;
  readonly kind?: PanelKind;
  readonly unit?: PanelUnit;
  readonly queries?: readonly WrittenQuery[];
  readonly description?: string;
}

export interface WrittenDashboard {
  readonly name: Placed<string>;
  readonly title?: string;
  readonly description?: string;
  readonly rows: readonly { readonly title?: string; readonly panels: readonly WrittenPanel[] }[];
}

export interface WrittenStack {
  readonly file: Placed<string>;
  readonly name?: string;
}

const query = {
  expression: optional(placed(template), 'PromQL'),
  use: optional(placed(name), 'The name of a metric template, instead of expression'),
  with: optional(placed(fillings), 'Values for the placeholders of the expression'),
  legend: optional(template, 'The name of a line; {{ service }} stands for a label. Default: the labels'),
};

const panel: Shape<WrittenPanel> = object<WrittenPanel>(
  {
    title: required(title, 'What it shows'),
    kind: optional(choice(PANEL_KINDS), 'How it is drawn. Default: lines'),
    unit: optional(choice(PANEL_UNITS), 'How values are written. Default: number'),
    ...query,
    queries: optional(
      list(object<WrittenQuery>(query, { oneOf: ['expression', 'use'] }), { atLeast: 1, atMost: 20 }),
      'Several queries in one panel, instead of expression',
    ),
    description: optional(text(), 'What to look for'),
  },
  { oneOf: ['expression', 'use', 'queries'] },
);

export const dashboard: Shape<WrittenDashboard> = object<WrittenDashboard>({
  name: required(placed(name), 'Unique; stands in its address'),
  title: optional(title, 'Default: the name'),
  description: optional(text(), 'What it is for'),
  rows: required(
    list(
      object<WrittenDashboard['rows'][number]>({
        title: optional(title, 'Above the row'),
        panels: required(list(panel, { atLeast: 1, atMost: 12 }), 'Beside each other'),
      }),
      { atLeast: 1, atMost: 50 },
    ),
    'Below each other',
  ),
});

export const catalogueEntry: Shape<CatalogueEntry> = object<CatalogueEntry>({
  owner: optional(title, 'Who answers for it: a team, a person'),
  description: optional(text(), 'What it is for, in one line'),
  docs: optional(url(), 'Where it is described'),
  repository: optional(url(), 'Where its source is'),
  runbook: optional(url(), 'Where it is written what to do when it fails'),
});

const stackFile: Shape<WrittenStack> = {
  ...placed(text('../deploy/stack.yaml')),
  read(spot) {
    const file = placed(text('../deploy/stack.yaml')).read(spot);
    return file && { file };
  },
};

/** A path, or a path and the name under which it is deployed. */
export const stack: Shape<WrittenStack> = scalarOr(
  stackFile,
  object<WrittenStack>({
    file: required(placed(text('../deploy/stack.yaml')), 'A Compose file, relative to this file'),
    name: optional(name, 'As in docker stack deploy -c <file> <name>. Default: the name in the file'),
  }),
);
