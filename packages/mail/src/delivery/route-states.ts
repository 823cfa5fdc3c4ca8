/** What the processes of a service make of its routes, for those who operate: health and breakers are each process's own, so each
 * writes its own down, every PERIOD_MS and at once when a breaker opens or closes. One that was killed is left out when
 * nobody has heard of it for UNHEARD. */
import { type Clock, sleep } from '@goblin/core';
import { type Database, routine, sql } from '@goblin/data';
import type { RunningRoute } from './running-route.ts';

const PERIOD_MS = 10_000;
const UNHEARD = '30 seconds';
const FORGOTTEN = '1 hour';

export interface RouteState {
  readonly name: string;
  readonly instance: string;
  /** `'10/s'`, over all processes of the service; null: as many as come. */
  readonly rate: string | null;
  /** From 0 to 1. */
  readonly health: number;
  /** Its breaker is open: mails go elsewhere, until one of them tries it after this. Null: it is closed. */
  readonly restsUntil: Date | null;
  /** When it last failed by its own fault, and how. */
  readonly failedAt: Date | null;
  readonly failure: string | null;
  /** Mails that all processes have sent by it in the last minute. */
  readonly sentLastMinute: number;
}

export class RouteStates {
  readonly #db: Database;
  readonly #instance: string;
  readonly #routes: readonly RunningRoute[];
  readonly #clock: Clock;

  constructor(db: Database, instance: string, routes: readonly RunningRoute[], clock: Clock) {
    this.#db = db;
    this.#instance = instance;
    this.#routes = routes;
    this.#clock = clock;
  }

  /** Keeps them up to date until the signal is aborted, and takes them away then. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const flip = new AbortController();
      for (const route of this.#routes) route.onFlip = () => flip.abort();
      await this.write().catch((error) =>
        this.#db.telemetry.log.warn({ err: error }, 'the states of mail routes could not be written down'),
      );
      await sleep(PERIOD_MS, AbortSignal.any([signal, flip.signal])).catch(() => {});
    }
    // Where that fails they are soon too old to count.
    await this.#forget().catch(() => {});
  }

  async write(): Promise<void> {
    const nowMs = this.#clock.now();
    const states = this.#routes.map(({ name, rate, health, lastFailure }, place) => ({
      route: name,
      place,
      rate,
      health: health.value,
      rest_ms: health.restMs,
      failed_ms: lastFailure && nowMs - lastFailure.atMs,
      failure: lastFailure?.answer,
    }));
    await routine(() =>
      this.#db.query(sql`
        insert into goblin_mail.route_state
          (instance, route, place, rate, health, rests_until, failed_at, failure)
        select ${this.#instance}, route, place, rate, health,
          clock_timestamp() + rest_ms * interval '1 millisecond',
          clock_timestamp() - failed_ms * interval '1 millisecond', failure
        from jsonb_to_recordset(${JSON.stringify(states)}::jsonb) as state
          (route text, place smallint, rate text, health float8, rest_ms float8, failed_ms float8, failure text)
        on conflict (owner, instance, route) do update set
          place = excluded.place, rate = excluded.rate, health = excluded.health, rests_until = excluded.rests_until,
          failed_at = excluded.failed_at, failure = excluded.failure, seen_at = clock_timestamp()`),
    );
  }

  async #forget(): Promise<void> {
    await routine(() =>
      this.#db.query(sql`
        delete from goblin_mail.route_state
        where owner = current_user
          and (instance = ${this.#instance} or seen_at < clock_timestamp() - ${FORGOTTEN}::interval)`),
    );
  }
}

/** In the order in which they are tried. */
export function listRouteStates(db: Database): Promise<RouteState[]> {
  return db.many<RouteState>(sql`
    select route as name, instance, rate, health, rests_until as "restsUntil", failed_at as "failedAt", failure,
      (select count(*) from goblin_mail.message
       where owner = current_user and state = 'sent' and message.route = route_state.route
         and settled_at > clock_timestamp() - interval '1 minute') as "sentLastMinute"
    from goblin_mail.route_state
    where owner = current_user and seen_at > clock_timestamp() - ${UNHEARD}::interval
    order by place, route, instance`);
}
