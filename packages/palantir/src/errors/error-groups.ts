/** Keeps error groups: in memory, and in the state database. What is new, comes back or is decided by somebody is committed before the call
 * returns, or as soon as the database can be written to again; the counts of what is known are written once per FLUSH_MS, and `kill -9`
 * can take the last of them.
 *
 * A resolved group comes back as a regression, and is new again, when a line of it comes from another version than those it was resolved
 * in. Where somebody named the version with the remedy, older ones may fail on: they are counted. Where nobody did, or lines carry no
 * version, the group is opened again once a line comes REOPEN_MS after it was resolved; that is a regression where there is no version to
 * tell by.
 *
 * Limits: MAX_GROUPS, of which those not seen for longest are dropped first, resolved ones before open ones before ignored ones. */
import { type Clock, GoblinError, type Timer } from '@goblin/core';
import type { LogLine } from '../model.ts';
import type { StateDatabase } from '../state/state-database.ts';
import type { ErrorGroup, ErrorGroups, ErrorSample, ErrorState } from './error-group.ts';
import { fingerprintOf, reportOf } from './fingerprint.ts';

export const MAX_GROUPS = 2_000;
export const MAX_SAMPLES = 5;
/** Services and versions of one group. */
const MAX_NAMES = 20;
const MAX_STACK = 4_000;
const MAX_TITLE = 160;
const MAX_TEXT = 200;
const FLUSH_MS = 1_000;
export const REOPEN_MS: number = 10 * 60_000;
/** ERROR, by OpenTelemetry's numbers. */
const ERROR_SEVERITY = 17;
const DEFAULT_LIMIT = 200;

const STEPS = ['CREATE TABLE error_group (fingerprint TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT'];
const DROPPED_FIRST: readonly ErrorState[] = ['resolved', 'open', 'ignored'];

export function createErrorGroups({
  state,
  clock,
}: {
  readonly state: StateDatabase;
  readonly clock: Clock;
}): ErrorGroups {
  state.migrate('errors', STEPS);
  const put = state.db.prepare('INSERT OR REPLACE INTO error_group (fingerprint, data) VALUES (?, ?)');
  const remove = state.db.prepare('DELETE FROM error_group WHERE fingerprint = ?');
  const groups = new Map<string, ErrorGroup>();
  for (const row of state.db.prepare('SELECT data FROM error_group').all()) {
    const group = JSON.parse(String(row.data)) as ErrorGroup;
    groups.set(group.fingerprint, group);
  }
  const unwritten = new Set<string>();
  let timer: Timer | undefined;

  /** What could not be written is tried again: lines are kept already, and who sent them has nothing to send again. */
  function flushLater(): void {
    if (unwritten.size === 0) return;
    timer ??= clock.after(FLUSH_MS, () => {
      timer = undefined;
      if (!isFlushed()) flushLater();
    });
  }

  function isFlushed(): boolean {
    try {
      flush();
      return true;
    } catch {
      // The part of the platform that writes next says what is wrong with the database.
      return false;
    }
  }

  function flush(): void {
    timer?.cancel();
    timer = undefined;
    if (unwritten.size === 0) return;
    state.transaction(() => {
      for (const fingerprint of unwritten) {
        const group = groups.get(fingerprint);
        if (group) put.run(fingerprint, JSON.stringify(group));
        else remove.run(fingerprint);
      }
    });
    unwritten.clear();
  }

  function keep(group: ErrorGroup): ErrorGroup {
    groups.set(group.fingerprint, group);
    unwritten.add(group.fingerprint);
    return group;
  }

  /** @returns whether something is new */
  function takeLine(line: LogLine, nowMs: number): boolean {
    const report = reportOf(line);
    const { fingerprint, why } = fingerprintOf(line, report);
    const known = groups.get(fingerprint);
    const { message, stack = known?.stack } = report;
    const version = versionOf(line);
    const sample: ErrorSample = {
      ...{ atMs: line.atMs, service: line.service, message },
      ...(version && { version }),
      ...(line.traceId && { traceId: line.traceId }),
      ...(line.spanId && { spanId: line.spanId }),
    };
    const newIn = { service: line.service, ...(version && { version }) };
    const before = known ?? {
      ...{ fingerprint, why, type: report.type, title: titleOf(report.type, message) },
      ...{ state: 'open' as const, count: 0, firstSeenMs: line.atMs, lastSeenMs: line.atMs },
      ...{ newAtMs: nowMs, newIn, isRegression: false, services: [], versions: [], samples: [] },
    };
    const back = known ? comeback(known, version, nowMs) : undefined;
    keep({
      ...before,
      ...(back && { state: 'open' }),
      ...(back === 'regression' && { isRegression: true, newAtMs: nowMs, newIn }),
      count: before.count + 1,
      firstSeenMs: Math.min(before.firstSeenMs, line.atMs),
      lastSeenMs: Math.max(before.lastSeenMs, line.atMs),
      services: withName(before.services, line.service),
      versions: withName(before.versions, version),
      ...(stack !== undefined && { stack: stack.slice(0, MAX_STACK) }),
      samples: [sample, ...before.samples].slice(0, MAX_SAMPLES),
    });
    return !known || back !== undefined;
  }

  function makeRoom(): void {
    if (groups.size <= MAX_GROUPS) return;
    const order = [...groups.values()].sort(
      (one, other) =>
        DROPPED_FIRST.indexOf(one.state) - DROPPED_FIRST.indexOf(other.state) ||
        one.lastSeenMs - other.lastSeenMs,
    );
    for (const { fingerprint } of order.slice(0, groups.size - MAX_GROUPS)) {
      groups.delete(fingerprint);
      unwritten.add(fingerprint);
    }
  }

  function get(fingerprint: string): ErrorGroup {
    const group = groups.get(fingerprint);
    if (group) return group;
    throw new GoblinError('NOT_FOUND', {
      message: `there is no error ${fingerprint}, or it is no longer kept`,
    });
  }

  function decide(fingerprint: string, to: ErrorState, by: string, fixedIn?: string): ErrorGroup {
    checkText('by', by);
    if (fixedIn !== undefined) checkText('version', fixedIn);
    const decision = { by, atMs: clock.wall(), ...(fixedIn !== undefined && { fixedIn }) };
    const decided = keep({ ...get(fingerprint), state: to, decision });
    flush();
    return decided;
  }

  return {
    take(lines) {
      const nowMs = clock.wall();
      let isNew = false;
      for (const line of lines) if (line.severity >= ERROR_SEVERITY) isNew = takeLine(line, nowMs) || isNew;
      if (isNew) makeRoom();
      if (!isNew || !isFlushed()) flushLater();
    },
    list: ({ state: wanted, service, limit = DEFAULT_LIMIT } = {}) =>
      [...groups.values()]
        .filter(
          (group) =>
            (wanted === undefined || group.state === wanted) &&
            (service === undefined || group.services.includes(service)),
        )
        .sort((one, other) => other.lastSeenMs - one.lastSeenMs)
        .slice(0, limit),
    get,
    resolve: (fingerprint, by, fixedIn) => decide(fingerprint, 'resolved', by, fixedIn),
    ignore: (fingerprint, by) => decide(fingerprint, 'ignored', by),
    reopen: (fingerprint, by) => decide(fingerprint, 'open', by),
    newSince: (ms) => [...groups.values()].filter((group) => group.state === 'open' && group.newAtMs >= ms),
    [Symbol.dispose]: flush,
  };
}

/** What a line of this version means for a group that was resolved. */
function comeback(
  { state, versions, decision }: ErrorGroup,
  version: string,
  nowMs: number,
): 'regression' | 'again' | undefined {
  if (state !== 'resolved' || !decision) return undefined;
  const { atMs, fixedIn } = decision;
  if (version && (version === fixedIn || !versions.includes(version))) return 'regression';
  if (nowMs - atMs < REOPEN_MS || (version && fixedIn !== undefined)) return undefined;
  return version ? 'again' : 'regression';
}

/** As OpenTelemetry names it, and as our own logs do. */
function versionOf({ attributes }: LogLine): string {
  return (attributes['service.version'] ?? attributes.version ?? '').slice(0, MAX_TEXT);
}

/** The newest last; the oldest makes room. */
function withName(names: readonly string[], name: string): readonly string[] {
  if (!name || names.at(-1) === name) return names;
  return [...names.filter((known) => known !== name), name].slice(-MAX_NAMES);
}

function titleOf(type: string, message: string): string {
  const line = message.split('\n', 1)[0]!.trim();
  return `${type}${type && line ? ': ' : ''}${line}`.slice(0, MAX_TITLE) || 'an error without a message';
}

function checkText(field: string, text: string): void {
  if (text.trim() === '' || text.length > MAX_TEXT)
    throw new GoblinError('INVALID_INPUT', {
      message: `${field}: write a text of at most ${MAX_TEXT} characters`,
    });
}
