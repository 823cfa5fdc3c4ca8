/** Who is on call now and next: `GET /palantir/oncall`. */
import type { Clock } from '@goblin/core';
import type { Routes } from '../web/access.ts';
import type { OnCall } from './on-call.ts';

const SHOWN = 6;

export function onCallRoutes(onCall: OnCall, clock: Clock): Routes {
  return {
    'GET /palantir/oncall': () => {
      const [now, ...next] = onCall.upcoming(clock.wall(), SHOWN).map(({ person, ...shift }) => ({
        person: person.name,
        ...shift,
      }));
      return Response.json({ ...(now && { now }), next }, { headers: { 'cache-control': 'no-store' } });
    },
  };
}
