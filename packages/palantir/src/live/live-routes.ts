/** The wall as it lives, the services, and the changes: `GET /palantir/live` is a stream of events, the rest is JSON. */
import { type Clock, GoblinError } from '@goblin/core';
import { rangeOf } from '../api/times.ts';
import { CHANGE_KINDS, type Change, type ChangeLog } from '../changes/change.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import type { Catalogue } from '../settings/catalogue.ts';
import type { Routes } from '../web/access.ts';
import type { LiveWall } from './live-wall.ts';
import { serviceDetail, serviceDetails } from './service-detail.ts';
import { versionStream } from './version-stream.ts';

const NO_STORE = { 'cache-control': 'no-store' };

export interface LiveSources {
  readonly wall: LiveWall;
  readonly changes: ChangeLog;
  readonly metrics: SeriesSource;
  readonly clock: Clock;
  /** What people wrote about services. */
  catalogue(): Catalogue;
}

export function liveRoutes({ wall, changes, metrics, clock, catalogue }: LiveSources): Routes {
  return {
    'GET /palantir/live': ({ signal }) => versionStream(signal, clock, wall.watch),
    'GET /palantir/wall': async () => Response.json(await wall.ask(), { headers: NO_STORE }),
    'GET /palantir/services': async () =>
      Response.json(serviceDetails(await wall.ask(), catalogue()), { headers: NO_STORE }),
    'GET /palantir/services/:name': async ({ signal }, _call, { name = '' }) =>
      Response.json(await serviceDetail(await wall.ask(), catalogue(), name, metrics, signal), {
        headers: NO_STORE,
      }),
    'GET /palantir/changes': (request) => {
      const { searchParams: params } = new URL(request.url);
      const service = params.get('service');
      const found = changes.list({ ...rangeOf(params), ...(service !== null && { service }) });
      return Response.json(found, { headers: NO_STORE });
    },
    async 'POST /palantir/changes'(request) {
      const given = (await request.json().catch(() => undefined)) as Partial<Change> | undefined;
      const { kind, title, service, detail, author, atMs = clock.wall() } = given ?? {};
      if (!kind || !CHANGE_KINDS.includes(kind))
        throw new GoblinError('INVALID_INPUT', { message: `kind: write one of ${CHANGE_KINDS.join(', ')}` });
      if (typeof title !== 'string' || title === '')
        throw new GoblinError('INVALID_INPUT', { message: 'title: write what was changed, in one line' });
      if (typeof atMs !== 'number' || !Number.isFinite(atMs))
        throw new GoblinError('INVALID_INPUT', { message: 'atMs: write milliseconds since the Unix epoch' });
      const texts = Object.entries({ service, detail, author }).filter(([, text]) => text !== undefined);
      for (const [name, text] of texts)
        if (typeof text !== 'string')
          throw new GoblinError('INVALID_INPUT', { message: `${name}: write a text` });
      const added = changes.add({ atMs, kind, title, ...Object.fromEntries(texts) });
      return Response.json(added, { status: 201, headers: NO_STORE });
    },
  };
}
