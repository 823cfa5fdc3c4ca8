/** Evaluates rules each PERIOD_MS and tells what has to be told.
 *
 * Promises
 * - What changes in a round, alerts' states and what was told of them, is committed in one transaction together with the notices given to
 *   the sink: `kill -9` at any moment neither pages again nor forgets.
 * - A pause of Palantir itself fires and resolves nothing. After one, a rule is not read until its ranges see none of it (at most
 *   MAX_SETTLE_MS), and the time nobody looked counts for nothing.
 * - A rule that fails harms no other, and its alerts stay as they are.
 *
 * Limits: MAX_ALERTS per rule; what goes beyond is left out, and the rule is logged. Resolved alerts are shown for SHOWN_MS.
 * How: rule-reading.ts asks, alert-machine.ts decides on each alert, silences.ts and inhibition.ts mute, alert-groups.ts decides what
 * is told; both are pure functions. If the transaction fails nothing has happened, and the next round tries again. */
import { type Clock, context, type Logger, type Metrics, pause } from '@goblin/core';
import type { ChangeLog } from '../changes/change.ts';
import type { StateDatabase } from '../state/state-database.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import type { Alert, NoticeSink, Rule } from './alert.ts';
import { AlertBook, type Mute } from './alert-book.ts';
import { alertStates } from './alert-states.ts';
import type { ConditionSources } from './conditions/condition.ts';
import { inhibitionAt } from './inhibition.ts';
import { compileRules } from './rule-check.ts';
import { type CompiledRule, ruleReader } from './rule-reading.ts';
import { createSilences, type Silences } from './silences.ts';

export const PERIOD_MS = 5_000;
/** For how long a round counts as proof that alerts are judged. */
const ALIVE_MS = 30_000;

export interface AlertsOptions extends ConditionSources {
  readonly state: StateDatabase;
  readonly clock: Clock;
  readonly log: Logger;
  readonly telemetryMetrics: Metrics;
  readonly sink: NoticeSink;
  readonly changes: ChangeLog;
  swarm(): SwarmState;
}

export interface Alerts {
  readonly rules: readonly Rule[];
  readonly silences: Silences;
  /** All of them or, where one is wrong, none. Alerts of rules that stay keep their states; those of rules that are taken out are
   * resolved without being told. @throws INVALID_INPUT naming the rule and the field */
  setRules(rules: readonly Rule[]): void;
  /** Pending, firing, and those resolved within the last hour; what fires first, the newest first. */
  current(): readonly Alert[];
  /** Whether rules were read and their alerts kept within the last 30 s: what a heartbeat outward asks. */
  readonly isAlive: boolean;
  /** Evaluates until it is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** One round. @throws what the state database or the sink throws; nothing has changed then */
  evaluate(nowMs: number, signal?: AbortSignal): Promise<void>;
}

export function createAlerts(options: AlertsOptions): Alerts {
  const { state, clock, log, telemetryMetrics, sink, changes, swarm } = options;
  const silences = createSilences(state, clock, () => book.mute(muteAt(clock.wall())));
  const book = new AlertBook(state, alertStates(state), sink, log);
  const readRules = ruleReader(log, telemetryMetrics);
  let rules: readonly CompiledRule[] = [];
  let judgedAtMs = clock.now();

  telemetryMetrics.observe('alert_rules', { help: 'Rules that are evaluated.' }, (set) => set(rules.length));
  telemetryMetrics.observe(
    'alerts_firing',
    { help: 'Alerts that fire, those that are muted included.', labels: ['severity'] },
    (set) => {
      const firing = book.alerts().filter((alert) => alert.state === 'firing');
      for (const severity of ['page', 'ticket', 'info'])
        set(firing.filter((alert) => alert.severity === severity).length, severity);
    },
  );
  const duration = telemetryMetrics
    .histogram('alert_evaluation_seconds', { help: 'Time that one round of all rules took.' })
    .with();

  function muteAt(atMs: number): Mute {
    const inhibited = inhibitionAt(swarm(), changes, atMs);
    return ({ labels, rule, severity }) => {
      const silence = silences.covering({ ...labels, rule, severity }, atMs);
      return silence ? `silence ${silence.id} of ${silence.author}` : inhibited(labels);
    };
  }

  async function evaluate(at: number, signal = new AbortController().signal): Promise<void> {
    const nowMs = Math.round(at);
    const startedMs = performance.now();
    const due = rules.filter((one) => book.isDue(one, nowMs));
    const readings = await readRules(due, nowMs, signal);
    if (signal.aborted) return;
    const current = new Set(rules);
    const valid = [...readings].filter(([rule]) => current.has(rule));
    book.round(nowMs, new Map(valid), muteAt(nowMs));
    if (readings.size > 0 || due.length === 0) judgedAtMs = clock.now();
    duration.record((performance.now() - startedMs) / 1_000);
  }

  return {
    get rules() {
      return rules.map(({ rule }) => rule);
    },
    silences,
    setRules(wanted) {
      const compiled = compileRules(wanted, options);
      book.keepRules(new Set(wanted.map(({ name }) => name)), clock.wall());
      rules = compiled;
    },
    current: () => book.alerts(),
    get isAlive() {
      return clock.now() - judgedAtMs < ALIVE_MS;
    },
    evaluate,
    run: (signal) =>
      context.detach(async () => {
        while (!signal.aborted) {
          const startedMs = clock.now();
          await evaluate(clock.wall(), signal).catch((err: unknown) => {
            log.error({ err }, 'a round of alerts could not be kept: it is tried again');
          });
          await pause(clock, Math.max(0, PERIOD_MS - (clock.now() - startedMs)), signal);
        }
      }),
  };
}
