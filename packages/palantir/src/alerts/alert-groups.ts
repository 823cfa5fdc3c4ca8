/** What is told of the alerts of one rule, service and severity, as a pure function. They are one group:
 *
 * - `firing` at once for the first of them;
 * - `changed` for those that join or leave, at most each BATCH_MS;
 * - `repeat` after REPEAT_MS in which nothing was told and something still fires;
 * - `resolved`, once, when all are.
 * - A group that begins for the MAX_CYCLES-th time within FLAP_MS flaps: `flapping` is told instead of `firing`, and then nothing until it
 *   has neither begun nor ended for FLAP_MS. What is told then is `repeat` or `resolved`.
 *
 * So each `firing` or `flapping` that opens a group is followed by exactly one `resolved`. A muted alert is not told; where it still fires when
 * its mute ends, it is told then. One that was told before it was muted is resolved aloud. `info` is nnever told. */
import type { Alert, AlertNotice, Severity } from './alert.ts';

export const BATCH_MS: number = 5 * 60_000;
export const REPEAT_MS: number = 4 * 3_600_000;
export const FLAP_MS: number = 30 * 60_000;
export const MAX_CYCLES = 3;

export interface GroupKey {
  readonly rule: string;
  readonly service: string;
  /** Only a burn rate has two. */
  readonly severity: Severity;
}

export interface GroupRecord extends GroupKey {
  /** Whether people were told that something fires, and not yet that all is over. */
  readonly isOpen: boolean;
  /** Ids of the alerts that were told as firing and not as resolved. */
  readonly told: readonly string[];
  readonly toldAtMs: number;
  /** When it was opened, within the last FLAP_MS. */
  readonly openedAtMs: readonly number[];
  /** Where it flaps: whether something fires, and since when that is so. */
  readonly flapping: { readonly isFiring: boolean; readonly sinceMs: number } | null;
}

export interface GroupStep {
  /** Undefined where nothing is to be remembered. */
  readonly group: GroupRecord | undefined;
  readonly notice?: AlertNotice;
}

/** A group and its alerts at one moment. */
interface Standing {
  readonly group: GroupRecord;
  readonly atMs: number;
  /** Those that fire and are not muted. */
  readonly visible: readonly Alert[];
  /** Ids of those that were told and still fire, muted or not. */
  readonly stillTold: readonly string[];
  /** Those that were told and are over. */
  readonly left: readonly Alert[];
  readonly isFiring: boolean;
}

/** @param alerts all of the group, in whatever state
 * @param unseenMs how much of the time before nobody saw: it does not count as calm */
export function nextGroup(
  before: GroupRecord | undefined,
  alerts: readonly Alert[],
  { rule, service, severity }: GroupKey,
  { atMs, unseenMs }: { readonly atMs: number; readonly unseenMs: number },
): GroupStep {
  const fresh = { isOpen: false, told: [], toldAtMs: 0, openedAtMs: [], flapping: null };
  const standing = standingOf(before ?? { rule, service, severity, ...fresh }, alerts, atMs);
  if (standing.group.flapping) return nextFlapping(standing, standing.group.flapping, unseenMs);
  return standing.group.isOpen ? nextOpen(standing) : nextClosed(standing);
}

export function groupKey({ rule, service, severity }: GroupKey): string {
  return JSON.stringify([rule, service, severity]);
}

function standingOf(group: GroupRecord, alerts: readonly Alert[], atMs: number): Standing {
  const byId = new Map(alerts.map((alert) => [alert.id, alert]));
  const isOver = (id: string): boolean => byId.get(id)?.state !== 'firing';
  const visible = alerts.filter(
    ({ state, severity, mutedBy }) => state === 'firing' && severity !== 'info' && mutedBy === undefined,
  );
  const stillTold = group.told.filter((id) => !isOver(id));
  const left = group.told
    .filter(isOver)
    .flatMap((id) => byId.get(id) ?? [])
    // It may be pending again already.
    .map((alert): Alert => ({ ...alert, state: 'resolved', resolvedAtMs: alert.resolvedAtMs ?? atMs }));
  return { group, atMs, visible, stillTold, left, isFiring: visible.length > 0 || stillTold.length > 0 };
}

function nextClosed(standing: Standing): GroupStep {
  const { group, atMs, visible } = standing;
  const recent = recentlyOpened(standing);
  if (visible.length === 0) return { group: recent.length === 0 ? undefined : group };
  const openedAtMs = [...recent, atMs];
  if (openedAtMs.length < MAX_CYCLES) return tell(standing, 'firing', visible, { openedAtMs });
  const flapping = { isFiring: true, sinceMs: atMs };
  const shown = visible.map((alert) => ({ ...alert, isFlapping: true }));
  return tell(standing, 'flapping', shown, { openedAtMs, flapping });
}

function nextOpen(standing: Standing): GroupStep {
  const { group, atMs, visible, left, isFiring } = standing;
  if (!isFiring) return close(standing, recentlyOpened(standing));
  const waitedMs = atMs - group.toldAtMs;
  const hasChanged = left.length > 0 || visible.some(({ id }) => !group.told.includes(id));
  if (hasChanged && waitedMs >= BATCH_MS) return tell(standing, 'changed', [...visible, ...left]);
  if (visible.length > 0 && waitedMs >= REPEAT_MS) return tell(standing, 'repeat', visible);
  return { group };
}

function nextFlapping(
  standing: Standing,
  flapping: NonNullable<GroupRecord['flapping']>,
  unseenMs: number,
): GroupStep {
  const { group, atMs, visible, left, isFiring } = standing;
  if (flapping.isFiring !== isFiring) return { group: { ...group, flapping: { isFiring, sinceMs: atMs } } };
  const sinceMs = flapping.sinceMs + unseenMs;
  if (atMs - sinceMs < FLAP_MS)
    return { group: unseenMs === 0 ? group : { ...group, flapping: { isFiring, sinceMs } } };
  const calm = { openedAtMs: [], flapping: null };
  if (!isFiring) return close(standing, []);
  if (visible.length === 0) return { group: { ...group, ...calm } };
  return tell(standing, 'repeat', [...visible, ...left], calm);
}

function close(standing: Standing, openedAtMs: readonly number[]): GroupStep {
  return tell(standing, 'resolved', standing.left, { isOpen: false, told: [], openedAtMs, flapping: null });
}

function tell(
  { group, atMs, visible, stillTold }: Standing,
  reason: AlertNotice['reason'],
  alerts: readonly Alert[],
  change: Partial<GroupRecord> = {},
): GroupStep {
  const { rule, service, severity } = group;
  const told = [...new Set([...stillTold, ...visible.map(({ id }) => id)])];
  return {
    group: { ...group, isOpen: true, toldAtMs: atMs, told, ...change },
    notice: { reason, rule, service, severity, atMs, alerts },
  };
}

function recentlyOpened({ group, atMs }: Standing): number[] {
  return group.openedAtMs.filter((openedMs) => atMs - openedMs < FLAP_MS);
}
