/** All alerts and groups as they stand, and the step from one round to the next: computed first, committed together with the notices, and
 * only then taken over.
 *
 * For MIN_SETTLE_MS after a start or a pause what was muted stays muted, whatever the swarm says: it is not seen yet. */
import type { Logger } from '@goblin/core';
import type { StateDatabase } from '../state/state-database.ts';
import type { Alert, AlertNotice, NoticeSink, Rule } from './alert.ts';
import { type GroupRecord, groupKey, nextGroup } from './alert-groups.ts';
import { type AlertRecord, resolved, unseen } from './alert-machine.ts';
import type { AlertStates, RoundRecord } from './alert-states.ts';
import type { Reading } from './conditions/condition.ts';
import type { CompiledRule } from './rule-reading.ts';
import { MAX_ALERTS, nextRecords } from './rule-step.ts';

/** Rounds that lie further apart have a pause between them. */
export const PAUSE_MS = 20_000;
/** After a pause a condition is not read for as long as the pause was, or as it looks back, whichever is less, within these bounds: at
 * least until samples have come again. */
const MIN_SETTLE_MS = 30_000;
const MAX_SETTLE_MS = 600_000;
/** For how long resolved alerts are shown. */
export const SHOWN_MS = 3_600_000;

/** Says by what an alert is muted. */
export type Mute = (alert: Pick<Alert, 'labels' | 'rule' | 'severity'>) => string | undefined;

export class AlertBook {
  readonly #state: StateDatabase;
  readonly #states: AlertStates;
  readonly #sink: NoticeSink;
  readonly #log: Logger;
  readonly #crowded = new Set<string>();
  #records: ReadonlyMap<string, AlertRecord>;
  #groups: ReadonlyMap<string, GroupRecord>;
  #round: RoundRecord | undefined;
  /** In this process. */
  #firstRoundMs: number | undefined;
  #shown: readonly Alert[];

  constructor(state: StateDatabase, states: AlertStates, sink: NoticeSink, log: Logger) {
    this.#state = state;
    this.#states = states;
    this.#sink = sink;
    this.#log = log;
    this.#records = new Map(states.records().map((record) => [record.id, record]));
    this.#groups = new Map(states.groups().map((group) => [groupKey(group), group]));
    this.#round = states.round();
    this.#shown = inOrder(this.#views(this.#records));
  }

  alerts(): readonly Alert[] {
    return this.#shown;
  }

  /** Whether a rule may be read now: some time after a pause. */
  isDue({ condition }: CompiledRule, atMs: number): boolean {
    if (condition.reachMs === undefined) return true;
    const { resumedMs, pauseMs } = this.#roundAt(atMs);
    const settleMs = Math.min(Math.max(MIN_SETTLE_MS, Math.min(condition.reachMs, pauseMs)), MAX_SETTLE_MS);
    return atMs - resumedMs >= settleMs;
  }

  /** Mutes, and ends mutes, without a round: nothing is told. */
  mute(mutedBy: Mute): void {
    const records = new Map(this.#records);
    for (const [id, record] of records) records.set(id, muted(record, mutedBy(record)));
    this.#commit(records, this.#groups, () => {});
  }

  /** What was read at this moment, by rule; alerts of other rules stay as they are. */
  round(atMs: number, readings: ReadonlyMap<CompiledRule, Reading>, mutedBy: Mute): void {
    const round = this.#roundAt(atMs);
    const sinceLastMs = atMs - (this.#round?.atMs ?? atMs);
    const unseenMs = round.resumedMs === atMs ? sinceLastMs : 0;
    const records = new Map(this.#records);
    const byRule = Map.groupBy(this.#records.values(), ({ rule }) => rule);
    const read = new Set([...readings.keys()].map(({ rule }) => rule.name));
    for (const record of this.#records.values())
      if (!read.has(record.rule)) records.set(record.id, unseen(record, sinceLastMs));
    for (const [{ rule }, reading] of readings) {
      const step = nextRecords(rule, reading, byRule.get(rule.name) ?? [], { atMs, sinceLastMs, unseenMs });
      for (const [id, record] of step.records) {
        if (record) records.set(id, record);
        else records.delete(id);
      }
      this.#warnOf(rule, step.leftOut);
    }
    this.#firstRoundMs ??= atMs;
    const isSettling = atMs - Math.max(this.#firstRoundMs, round.resumedMs) < MIN_SETTLE_MS;
    for (const [id, record] of records) {
      const before = isSettling ? this.#records.get(id)?.mutedBy : undefined;
      records.set(id, muted(record, mutedBy(record) ?? before));
    }
    const { groups, notices } = this.#tell(this.#views(records), { atMs, unseenMs });
    const told = new Set([...groups.values()].flatMap((group) => group.told));
    for (const { id, state, resolvedAtMs } of records.values())
      if (state === 'resolved' && atMs - resolvedAtMs! > SHOWN_MS && !told.has(id)) records.delete(id);

    this.#commit(records, groups, () => {
      this.#states.putRound(round);
      for (const notice of notices) this.#sink.accept(notice);
    });
    this.#round = round;
  }

  /** Resolves quietly what belongs to other rules than these. */
  keepRules(names: ReadonlySet<string>, atMs: number): void {
    const records = new Map(this.#records);
    for (const record of this.#records.values()) {
      if (names.has(record.rule)) continue;
      if (record.state === 'pending') records.delete(record.id);
      else if (record.state === 'firing') records.set(record.id, resolved(record, atMs));
    }
    const groups = new Map([...this.#groups].filter(([, { rule }]) => names.has(rule)));
    this.#commit(records, groups, () => {});
  }

  /** The round of this moment; one after a pause, the first one, or one after the clock was set back begins anew. */
  #roundAt(atMs: number): RoundRecord {
    const last = this.#round;
    if (!last) return { atMs, resumedMs: atMs, pauseMs: 0 };
    const sinceMs = atMs - last.atMs;
    return sinceMs > PAUSE_MS || sinceMs < 0
      ? { atMs, resumedMs: atMs, pauseMs: Math.abs(sinceMs) }
      : { ...last, atMs };
  }

  #warnOf(rule: Rule, leftOut: number): void {
    if (leftOut === 0) this.#crowded.delete(rule.name);
    if (leftOut === 0 || this.#crowded.has(rule.name)) return;
    this.#crowded.add(rule.name);
    const message = `the rule ${rule.name} raises ${MAX_ALERTS + leftOut} alerts, of which ${MAX_ALERTS} are kept: let it sum by fewer labels`;
    this.#log.warn({ rule: rule.name }, message);
  }

  #views(records: ReadonlyMap<string, AlertRecord>): Alert[] {
    return [...records.values()].map((record) => {
      const { heldFromMs: _, clearFromMs: __, missingFromMs: ___, ...known } = record;
      const isGroupFlapping = (this.#groups.get(groupKey(record))?.flapping ?? null) !== null;
      return { ...known, isFlapping: record.state !== 'resolved' && isGroupFlapping };
    });
  }

  #tell(
    alerts: readonly Alert[],
    times: { atMs: number; unseenMs: number },
  ): { groups: Map<string, GroupRecord>; notices: AlertNotice[] } {
    const groups = new Map(this.#groups);
    const notices: AlertNotice[] = [];
    const byGroup = Map.groupBy(alerts, groupKey);
    for (const key of new Set([...byGroup.keys(), ...groups.keys()])) {
      const before = groups.get(key);
      const members = byGroup.get(key) ?? [];
      const { group, notice } = nextGroup(before, members, before ?? members[0]!, times);
      if (group) groups.set(key, group);
      else groups.delete(key);
      if (notice) notices.push(notice);
    }
    // What is over is told before what begins: the one may have become the other.
    const orderOf = ({ reason }: AlertNotice): number => (reason === 'resolved' ? 0 : 1);
    return { groups, notices: notices.sort((one, other) => orderOf(one) - orderOf(other)) };
  }

  #commit(
    records: ReadonlyMap<string, AlertRecord>,
    groups: ReadonlyMap<string, GroupRecord>,
    also: () => void,
  ): void {
    this.#state.transaction(() => {
      for (const [id, record] of records) {
        const before = this.#records.get(id);
        if (before !== record && !(before && isSameState(before, record))) this.#states.putRecord(record);
      }
      for (const id of this.#records.keys()) if (!records.has(id)) this.#states.removeRecord(id);
      for (const [key, group] of groups) if (this.#groups.get(key) !== group) this.#states.putGroup(group);
      for (const [key, group] of this.#groups) if (!groups.has(key)) this.#states.removeGroup(group);
      also();
    });
    this.#records = records;
    this.#groups = groups;
    this.#shown = inOrder(this.#views(records));
  }
}

function muted(record: AlertRecord, by: string | undefined): AlertRecord {
  const { mutedBy, ...rest } = record;
  const wanted = record.state === 'resolved' ? undefined : by;
  if (mutedBy === wanted) return record;
  return wanted === undefined ? rest : { ...rest, mutedBy: wanted };
}

/** Apart from what it says, which the next round renews. */
function isSameState(one: AlertRecord, other: AlertRecord): boolean {
  return (
    one.state === other.state &&
    one.sinceMs === other.sinceMs &&
    one.heldFromMs === other.heldFromMs &&
    one.clearFromMs === other.clearFromMs &&
    one.missingFromMs === other.missingFromMs &&
    one.resolvedAtMs === other.resolvedAtMs &&
    one.mutedBy === other.mutedBy
  );
}

const ORDER = { firing: 0, pending: 1, resolved: 2 } as const;

function inOrder(alerts: readonly Alert[]): Alert[] {
  return alerts.toSorted(
    (one, other) => ORDER[one.state] - ORDER[other.state] || other.sinceMs - one.sinceMs,
  );
}
