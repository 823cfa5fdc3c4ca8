/** A route as the mailer uses it: with its health, its turns and its figures. */
import {
  type Clock,
  type Counter,
  type Gauge,
  type Histogram,
  parseRate,
  type RateText,
  sleep,
} from '@goblin/core';
import { type Database, sql } from '@goblin/data';
import { maskedText } from '../addresses.ts';
import type { OpenRoute, Outcome, Route, RouteSetup, Sending } from '../routes/route.ts';
import { RouteHealth } from '../routes/route-health.ts';
import type { MailTelemetry } from '../telemetry.ts';

/** Mails that a route with a rate lets pass at once after a rest, as time. */
const BURST_MS = 100;
/** A turn further away than this is not waited for: another route may be free, or the mail is tried again later. */
const PATIENCE_MS = 5_000;

/** The last attempt that failed by the fault of the route. */
export interface RouteFailure {
  /** On the monotonic clock. */
  readonly atMs: number;
  /** Without addresses. */
  readonly answer: string;
}

export class RunningRoute {
  readonly name: string;
  readonly rate: RateText | undefined;
  readonly health: RouteHealth;
  readonly find: OpenRoute['find'];
  readonly close: () => Promise<void>;
  lastFailure: RouteFailure | undefined;
  /** Called when its breaker opens or closes. */
  onFlip: () => void = () => {};
  readonly #route: Route;
  readonly #open: OpenRoute;
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #telemetry: MailTelemetry;
  readonly #durations: Histogram;
  readonly #healthGauge: Gauge;
  readonly #openGauge: Gauge;

  constructor(route: Route, setup: RouteSetup, db: Database, telemetry: MailTelemetry, clock: Clock) {
    this.name = route.name;
    this.rate = route.rate;
    this.health = new RouteHealth(clock);
    this.#route = route;
    this.#open = route.open(setup);
    this.find = this.#open.find;
    this.close = () => this.#open.close();
    this.#db = db;
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#durations = telemetry.durations.with(route.name);
    this.#healthGauge = telemetry.health.with(route.name);
    this.#openGauge = telemetry.open.with(route.name);
    this.#healthGauge.set(1);
    this.#openGauge.set(0);
  }

  /** Waits for the route's next turn, which all processes share. False: it is too far away. */
  async takeTurn(signal: AbortSignal): Promise<boolean> {
    if (this.rate === undefined) return true;
    const { count, periodMs } = parseRate(this.rate);
    const everyMs = periodMs / count;
    const burst = Math.max(1, Math.floor(BURST_MS / everyMs));
    const { wait } = await this.#db.one<{ wait: number }>(
      sql`select goblin_mail.take_turn(${this.name}, ${everyMs}, ${burst}, ${PATIENCE_MS}) as wait`,
    );
    if (wait < 0) return false;
    if (wait > 0) await sleep(wait, signal);
    return true;
  }

  /** Never rejects. */
  async send(sending: Omit<Sending, 'signal'>, signal: AbortSignal): Promise<Outcome> {
    const { mail } = sending;
    const span = this.#telemetry.telemetry.tracer.start(`send ${mail.kind}`, {
      kind: 'client',
      attributes: { 'mail.route': this.name, 'mail.id': mail.id },
    });
    const startedMs = this.#clock.now();
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(this.#route.timeoutMs)]);
    let blameless = false;
    const handOver = async (): Promise<void> => {
      try {
        await sending.handOver();
      } catch (error) {
        blameless = true;
        throw error;
      }
    };
    const outcome = await this.#open.send({ mail, handOver, signal: bounded });
    this.#durations.record((this.#clock.now() - startedMs) / 1_000, span.context);
    this.#attempts(outcome.outcome).add();
    if (outcome.outcome !== 'accepted')
      span.fail(new Error(`${outcome.outcome}: ${maskedText(outcome.answer)}`));
    span.set('mail.outcome', outcome.outcome);
    span.end();
    // Neither a process that stops nor our own database says anything about the route.
    if (signal.aborted || blameless) this.health.giveBack();
    else this.#judge(outcome);
    return outcome;
  }

  #judge(outcome: Outcome): void {
    const wasOpen = this.health.open;
    const isFault = outcome.outcome === 'unknown' || (outcome.outcome === 'declined' && outcome.ill);
    if (isFault) this.lastFailure = { atMs: this.#clock.now(), answer: maskedText(outcome.answer) };
    this.health.count(isFault);
    this.#healthGauge.set(this.health.value);
    this.#openGauge.set(this.health.open ? 1 : 0);
    if (this.health.open !== wasOpen) this.onFlip();
  }

  #attempts(outcome: string): Counter {
    return this.#telemetry.attempts.with(this.name, outcome);
  }
}
