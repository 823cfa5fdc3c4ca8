/** The states of one alert, as a pure function: inactive → pending → firing → resolved.
 *
 * An alert is pending as soon as its condition holds, fires once it has held for `forMs`, and is resolved once it has been clear for
 * `keepForMs`; if it holds again before, it never was resolved. Only time in which somebody looked counts: what was not seen, because
 * Palantir was down, a query failed or there was no data, moves the beginnings of these times by as much. So a pause fires and resolves
 * nothing. An alert whose data is missing for MAX_MISSING_MS is resolved all the same: what it was about is gone. */
import type { Alert } from './alert.ts';

export const MAX_MISSING_MS: number = 3_600_000;

/** What is remembered of an alert. */
export interface AlertRecord extends Omit<Alert, 'isFlapping'> {
  /** Since when it has held, and been clear, without the time in which nobody looked. */
  readonly heldFromMs: number;
  readonly clearFromMs?: number;
  /** Since when there has been no data. */
  readonly missingFromMs?: number;
}

/** What an alert says, anew at each look at which its condition holds. */
export type AlertContent = Pick<
  Alert,
  | 'id'
  | 'rule'
  | 'severity'
  | 'service'
  | 'labels'
  | 'value'
  | 'summary'
  | 'description'
  | 'runbook'
  | 'evidence'
>;

/** What a look has found: the condition holds, it does not, or that is not known. */
export type Sight = AlertContent | 'clear' | 'unknown';

export interface Look {
  readonly atMs: number;
  /** Since the last round, and how much of that nobody saw: 0, or all of it. */
  readonly sinceLastMs: number;
  readonly unseenMs: number;
  readonly forMs: number;
  readonly keepForMs: number;
}

/** @returns undefined where there is no alert, or none any more */
export function nextRecord(
  before: AlertRecord | undefined,
  sight: Sight,
  look: Look,
): AlertRecord | undefined {
  const known = before && unseen(before, look.unseenMs);
  if (sight === 'unknown') return missing(known, look);
  if (sight === 'clear') return clear(known, look);
  return held(known, sight, look);
}

function held(known: AlertRecord | undefined, content: AlertContent, { atMs, forMs }: Look): AlertRecord {
  const isActive = known !== undefined && known.state !== 'resolved';
  const { sinceMs, heldFromMs } = isActive ? known : { sinceMs: atMs, heldFromMs: atMs };
  // It keeps its severity, and so its group, when the rule is changed meanwhile.
  const { severity } = isActive ? known : content;
  const next = { ...content, severity, sinceMs, heldFromMs };
  if (isActive && known.state === 'firing') return { ...next, state: 'firing', firedAtMs: known.firedAtMs! };
  if (atMs - heldFromMs >= forMs) return { ...next, state: 'firing', firedAtMs: atMs };
  return { ...next, state: 'pending' };
}

function clear(known: AlertRecord | undefined, { atMs, keepForMs }: Look): AlertRecord | undefined {
  if (known?.state !== 'firing') return known?.state === 'resolved' ? known : undefined;
  const { missingFromMs: _, ...record } = known;
  const clearFromMs = record.clearFromMs ?? atMs;
  return atMs - clearFromMs >= keepForMs ? resolved(record, atMs) : { ...record, clearFromMs };
}

function missing(
  known: AlertRecord | undefined,
  { atMs, sinceLastMs, unseenMs }: Look,
): AlertRecord | undefined {
  if (!known || known.state === 'resolved') return known;
  const missingFromMs = known.missingFromMs ?? atMs;
  if (atMs - missingFromMs < MAX_MISSING_MS)
    return { ...unseen(known, sinceLastMs - unseenMs), missingFromMs };
  return known.state === 'firing' ? resolved(known, atMs) : undefined;
}

export function resolved(record: AlertRecord, atMs: number): AlertRecord {
  const { clearFromMs: _, missingFromMs: __, ...rest } = record;
  return { ...rest, state: 'resolved', resolvedAtMs: atMs };
}

/** The alert after a time in which nobody looked. */
export function unseen(record: AlertRecord, forMs: number): AlertRecord {
  const { state, heldFromMs, clearFromMs, missingFromMs } = record;
  if (forMs === 0 || state === 'resolved') return record;
  return {
    ...record,
    // Once it fires nobody asks for how long it was pending.
    ...(state === 'pending' && { heldFromMs: heldFromMs + forMs }),
    ...(clearFromMs !== undefined && { clearFromMs: clearFromMs + forMs }),
    ...(missingFromMs !== undefined && { missingFromMs: missingFromMs + forMs }),
  };
}
