/** Leases and fences, by the invariant log. A task is claimed only when nobody holds it; each claim has the next fence and nothing
 * else changes it; it ends once, out of the hands of its holder, and nothing follows. And each effect was committed in the
 * very transaction that ended its task, by the worker that held it, with the fence of that claim. */
import type { Breach } from './breach.ts';
import type { Effect, Evidence, TaskChange } from './evidence.ts';

const LEASE = 'nobody claims a task while somebody holds it';
const FENCE = 'each claim has the next fence, and nothing else changes it';
const END = 'a task ends once, out of the hands of its holder';
const EFFECT = 'an effect is committed with the end of its task, by whoever holds it';

export function leasesBook({ changes, effects }: Evidence): Breach[] {
  const breaches: Breach[] = [];
  const ends = new Map<number, TaskChange>();
  let before: TaskChange | undefined;
  for (const change of changes) {
    if (before?.task !== change.task) before = undefined;
    const broken = brokenBy(change, before, ends.has(change.task));
    if (broken) breaches.push({ ...broken, item: itemOf(change) });
    if (change.change === 'DELETE') ends.set(change.task, change);
    before = change;
  }
  for (const effect of effects) {
    const broken = brokenByEffect(effect, ends.get(effect.task));
    if (broken) breaches.push({ promise: EFFECT, item: `${effect.kind} ${effect.name}`, what: broken });
  }
  return breaches;
}

/** How often a task was claimed whose holder had not given it back: the leases that ran out. */
export function takenOver(changes: readonly TaskChange[]): number {
  return changes.filter((change) => isClaim(change) && change.workerBefore !== null).length;
}

function isClaim({ change, fenceBefore, fenceAfter }: TaskChange): boolean {
  return change === 'UPDATE' && fenceAfter !== fenceBefore;
}

function brokenBy(
  change: TaskChange,
  before: TaskChange | undefined,
  hasEnded: boolean,
): Omit<Breach, 'item'> | undefined {
  const { workerBefore, workerAfter, fenceBefore, fenceAfter } = change;
  if (hasEnded) return { promise: END, what: `${change.change} after its end` };
  if (change.change === 'INSERT') {
    if (before || fenceAfter !== 0 || workerAfter !== null)
      return { promise: FENCE, what: 'it does not begin with fence 0 and without a holder' };
    return undefined;
  }
  if (!before || before.fenceAfter !== fenceBefore || before.workerAfter !== workerBefore)
    return { promise: FENCE, what: `a change is missing before ${change.seq}` };
  if (change.change === 'DELETE')
    return workerBefore === null ? { promise: END, what: 'it ended while nobody held it' } : undefined;
  if (isClaim(change)) {
    if (fenceAfter !== fenceBefore! + 1)
      return { promise: FENCE, what: `${workerAfter} claimed with ${fenceAfter} after ${fenceBefore}` };
    if (!change.wasDue)
      return {
        promise: LEASE,
        what: `${workerAfter} claimed it while ${workerBefore ?? 'it was not due'} had it`,
      };
    return undefined;
  }
  // Given back, or kept.
  if (workerAfter !== null && workerAfter !== workerBefore)
    return { promise: LEASE, what: `${workerAfter} has it without a claim` };
  return undefined;
}

function brokenByEffect(effect: Effect, end: TaskChange | undefined): string | undefined {
  if (!end) return 'its task has not ended';
  if (end.xid !== effect.xid) return 'its task was ended by another transaction';
  if (end.fenceBefore !== effect.fence)
    return `it was done under fence ${effect.fence}, and its task was held under ${end.fenceBefore}`;
  if (end.workerBefore?.split('/')[1] !== String(effect.pid))
    return `it was done by ${effect.pid}, and its task was held by ${end.workerBefore}`;
  return undefined;
}

function itemOf({ kind, key, task }: TaskChange): string {
  return `${kind.split('.').at(-1)} ${key ?? task}`;
}
