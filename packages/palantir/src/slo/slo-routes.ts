/** Objectives over HTTP: all of them, the worst first, and the budget of one over a time. */
import { rangeOf } from '../api/times.ts';
import type { Routes } from '../web/access.ts';
import type { Slos } from './slos.ts';

const NO_STORE = { 'cache-control': 'no-store' };

export function sloRoutes(slos: Slos): Routes {
  return {
    'GET /palantir/slos': async () => Response.json(await slos.list(), { headers: NO_STORE }),
    'GET /palantir/slos/:name/budget': async (request, _call, { name = '' }) => {
      const range = rangeOf(new URL(request.url).searchParams);
      return Response.json(await slos.budget(name, range), { headers: NO_STORE });
    },
  };
}
