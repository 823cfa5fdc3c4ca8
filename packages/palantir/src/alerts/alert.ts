/** The words of alerting: rules, the alerts that they raise, and the notices that go out to people. */
import type { Labels, Matcher } from '../model.ts';

/** `page` wakes somebody, `ticket` is for working hours, `info` is shown only. */
export type Severity = 'page' | 'ticket' | 'info';

export type Condition =
  /** One alert for each series that the PromQL expression gives, such as `rate(…) > 5`. */
  | { readonly kind: 'threshold'; readonly expression: string; readonly noData: 'ok' | 'alert' | 'keep' }
  /** At least so many log lines that match, by the values of some fields, within a window. */
  | {
      readonly kind: 'count';
      readonly matchers: readonly Matcher[];
      readonly words: readonly string[];
      /** At least this severity, by OpenTelemetry's numbers. */
      readonly logSeverity: number;
      readonly by: readonly string[];
      readonly atLeast: number;
      readonly windowMs: number;
    }
  /** An error that was never seen before, or came back after it was resolved. */
  | { readonly kind: 'firstSeen'; readonly matchers: readonly Matcher[] }
  /** The error budget of an objective is used up too fast. `errorShare` is PromQL with `$window` in it, from 0 to 1, that keeps
   * the labels to tell alerts apart. */
  | { readonly kind: 'burnRate'; readonly errorShare: string; readonly objective: number };

export interface Rule {
  /** Unique. */
  readonly name: string;
  readonly severity: Severity;
  readonly condition: Condition;
  /** It must hold for so long before it fires, and is gone for so long before it is resolved. */
  readonly forMs: number;
  readonly keepForMs: number;
  /** Added to those of the series. */
  readonly labels: Labels;
  /** One line; `{{ service }}` stands for a label and `{{ value }}` for the value. */
  readonly summary: string;
  readonly description?: string;
  readonly runbook?: string;
  /** Where it was written: `default`, or file and line. */
  readonly source: string;
}

export type AlertState = 'pending' | 'firing' | 'resolved';

export interface Alert {
  /** Of rule and labels; the same again when it fires again. */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly state: AlertState;
  /** The label `service`, or empty. */
  readonly service: string;
  readonly labels: Labels;
  readonly value: number;
  readonly summary: string;
  readonly description?: string;
  readonly runbook?: string;
  /** Milliseconds since the Unix epoch: when the condition began to hold, when it fired, when it was resolved. */
  readonly sinceMs: number;
  readonly firedAtMs?: number;
  readonly resolvedAtMs?: number;
  /** Of the silence that mutes it, or what inhibits it. */
  readonly mutedBy?: string;
  readonly isFlapping: boolean;
  /** The newest log lines or trace ids that show it. */
  readonly evidence: readonly string[];
}

/** What the engine tells: `changed` are alerts that joined or left what was told before. */
export interface AlertNotice {
  readonly reason: 'firing' | 'changed' | 'repeat' | 'resolved' | 'flapping';
  /** Alerts of one rule and service go together. */
  readonly rule: string;
  readonly service: string;
  readonly severity: Severity;
  readonly atMs: number;
  readonly alerts: readonly Alert[];
}

/** Takes what is to be told, within the transaction that changes the alerts' states: told and remembered together or not at all. */
export interface NoticeSink {
  accept(notice: AlertNotice): void;
}
