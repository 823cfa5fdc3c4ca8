/** All of incident response, put together: incidents, deliveries, who is on call, and the heartbeat, over one state database and one set of
 * settings that may change while it runs. */
import type { Clock, Logger, Metrics } from '@goblin/core';
import type { ChangeLog } from '../changes/change.ts';
import type { Flow } from '../live/wall-state.ts';
import { createDeliveries, type Deliveries } from '../notify/deliveries.ts';
import { heartbeat } from '../notify/heartbeat.ts';
import type { Fetch } from '../notify/http-post.ts';
import { createNotifiers } from '../notify/notifiers/create-notifiers.ts';
import type { SendMail } from '../notify/notifiers/setup.ts';
import { notifyRoutes } from '../notify/notify-routes.ts';
import type { NotifySettings } from '../notify/settings.ts';
import { createOnCall, type OnCall } from '../oncall/on-call.ts';
import { onCallRoutes } from '../oncall/oncall-routes.ts';
import type { StateDatabase } from '../state/state-database.ts';
import type { Routes } from '../web/access.ts';
import { incidentRoutes } from './incident-routes.ts';
import { createIncidents, type Incidents } from './incidents.ts';
import type { ErrorsSeen } from './sightings.ts';

export interface IncidentResponseOptions {
  readonly state: StateDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly fetch: Fetch;
  readonly changes: ChangeLog;
  /** Who calls whom now. */
  readonly flows: () => readonly Flow[];
  readonly errors?: ErrorsSeen;
  /** Where people reach the pages: `http://localhost:4800`. */
  readonly baseUrl: string;
  readonly sendMail?: SendMail;
  /** Whether alerts are judged: what the heartbeat tells the outside. */
  readonly isAlive: () => boolean;
  /** Checked before. Default: nobody is told. */
  readonly settings?: NotifySettings;
}

export interface IncidentResponse {
  /** The sink of the alert engine. */
  readonly incidents: Incidents;
  readonly deliveries: Deliveries;
  readonly onCall: OnCall;
  readonly routes: Routes;
  /** Takes other settings, which were checked before. */
  configure(settings: NotifySettings): void;
  /** Delivers, escalates and beats until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export function createIncidentResponse(options: IncidentResponseOptions): IncidentResponse {
  const { state, clock, log, metrics, fetch, changes, flows, errors, baseUrl, sendMail, isAlive } = options;
  const setup = { fetch, clock, baseUrl, ...(sendMail && { sendMail }) };
  const deliveries = createDeliveries({ state, clock, log, metrics });
  const onCall = createOnCall({ state, clock, log });
  const beat = heartbeat({ isAlive, clock, fetch, log, metrics });
  const incidents = createIncidents({
    ...{ state, clock, changes, flows, deliveries, onCall },
    ...(errors && { errors }),
  });

  function configure(settings: NotifySettings): void {
    const { routes, rota } = settings;
    deliveries.configure({ notifiers: createNotifiers(settings, setup), ...(routes && { routes }) });
    onCall.configure(rota);
    beat.configure(settings.heartbeat);
  }

  configure(options.settings ?? {});
  return {
    incidents,
    deliveries,
    onCall,
    configure,
    routes: { ...incidentRoutes(incidents), ...notifyRoutes(deliveries), ...onCallRoutes(onCall, clock) },
    async run(signal) {
      await Promise.all([deliveries.run(signal), onCall.run(incidents.escalate, signal), beat.run(signal)]);
    },
  };
}
