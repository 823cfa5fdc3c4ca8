/** Incidents over HTTP: the list, one with its timeline, its report, and what people do about it. */
import { GoblinError } from '@goblin/core';
import type { IncidentSummary } from '../live/wall-state.ts';
import type { Routes } from '../web/access.ts';
import type { Incidents } from './incidents.ts';

const NO_STORE = { 'cache-control': 'no-store' };
const MAX_BODY = 64 * 1_024;

interface Given {
  readonly by: string;
  readonly to: string;
  readonly text: string;
}

export function incidentRoutes(incidents: Incidents): Routes {
  const action =
    (act: (id: number, given: Given) => IncidentSummary): Routes[string] =>
    async (request, _call, { id = '' }) =>
      Response.json(act(numberOf(id), await bodyOf(request)), { headers: NO_STORE });

  return {
    'GET /palantir/incidents': () => Response.json(incidents.list(), { headers: NO_STORE }),
    'GET /palantir/incidents/:id': (_request, _call, { id = '' }) =>
      Response.json(incidents.get(numberOf(id)), { headers: NO_STORE }),
    'GET /palantir/incidents/:id/report': (_request, _call, { id = '' }) =>
      new Response(incidents.report(numberOf(id)), {
        headers: { ...NO_STORE, 'content-type': 'text/markdown; charset=utf-8' },
      }),
    'POST /palantir/incidents/:id/acknowledge': action((id, { by }) => incidents.acknowledge(id, by)),
    'POST /palantir/incidents/:id/assign': action((id, { to, by }) => incidents.assign(id, to, by)),
    'POST /palantir/incidents/:id/note': action((id, { text, by }) => incidents.note(id, text, by)),
    'POST /palantir/incidents/:id/resolve': action((id, { by }) => incidents.resolve(id, by)),
  };
}

function numberOf(id: string): number {
  if (/^\d{1,15}$/.test(id)) return Number(id);
  throw new GoblinError('NOT_FOUND', { message: `there is no incident ${JSON.stringify(id)}` });
}

/** What its fields are is checked by who takes them. */
async function bodyOf(request: Request): Promise<Given> {
  const text = await request.text();
  try {
    if (text.length > MAX_BODY) throw new Error();
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Given;
  } catch {
    // It is said below what would be right.
  }
  throw new GoblinError('INVALID_INPUT', { message: 'send JSON such as {"by": "ada"}' });
}
