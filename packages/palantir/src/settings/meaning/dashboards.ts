/** From dashboards as they are written to those that are drawn. */
import type { Dashboard, Panel, PanelQuery } from '../dashboards.ts';
import type { WrittenDashboard, WrittenPanel, WrittenQuery } from '../written/dashboard.ts';
import { queryOf, type Templates, tellUnused } from './expressions.ts';

export function dashboardOf(written: WrittenDashboard, templates: Templates): Dashboard {
  const { name, title, description, rows } = written;
  return {
    name: name.value,
    title: title ?? name.value,
    ...(description !== undefined && { description }),
    rows: rows.map((row) => ({ ...row, panels: row.panels.map((panel) => panelOf(panel, templates)) })),
    source: name.spot.line,
  };
}

function panelOf(written: WrittenPanel, templates: Templates): Panel {
  const { title, kind = 'lines', unit = 'number', description, queries = [written] } = written;
  return {
    title,
    kind,
    unit,
    queries: queries.flatMap((query) => panelQuery(query, templates) ?? []),
    ...(description !== undefined && { description }),
  };
}

function panelQuery(written: WrittenQuery, templates: Templates): PanelQuery | undefined {
  const { use, expression, legend } = written;
  const metric =
    use && Object.hasOwn(templates.metrics, use.value) ? templates.metrics[use.value] : undefined;
  if (!use || metric) tellUnused(written.with, [legend, expression?.value, metric?.value.expression.value]);
  const query = queryOf(written, templates);
  return query && { expression: query.text, ...(legend !== undefined && { legend }) };
}
