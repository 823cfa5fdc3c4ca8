/** How people can be told, and whether that works: `GET /palantir/notifiers`, and a test of each. */
import type { Routes } from '../web/access.ts';
import type { Deliveries } from './deliveries.ts';

const NO_STORE = { 'cache-control': 'no-store' };

export function notifyRoutes(deliveries: Pick<Deliveries, 'status' | 'dead' | 'test'>): Routes {
  return {
    'GET /palantir/notifiers': () =>
      Response.json({ notifiers: deliveries.status(), dead: deliveries.dead() }, { headers: NO_STORE }),
    async 'POST /palantir/notifiers/:name/test'(request, _call, { name = '' }) {
      await deliveries.test(name, request.signal);
      return Response.json({ sent: true }, { headers: NO_STORE });
    },
  };
}
