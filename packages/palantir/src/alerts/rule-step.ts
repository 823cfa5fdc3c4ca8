/** What the alerts of one rule become by a reading of its condition, as a pure function. */
import type { Labels } from '../model.ts';
import { keyOf } from '../query/promql/vector.ts';
import type { Rule } from './alert.ts';
import { contentOf, labelsOf } from './alert-content.ts';
import { type AlertContent, type AlertRecord, type Look, nextRecord } from './alert-machine.ts';
import type { Reading } from './conditions/condition.ts';

/** Of one rule. */
export const MAX_ALERTS = 500;

export interface RuleStep {
  /** By id; undefined for those that are no more. */
  readonly records: ReadonlyMap<string, AlertRecord | undefined>;
  /** Alerts that the rule would have raised beyond MAX_ALERTS. Those that were there before are kept first. */
  readonly leftOut: number;
}

/** @param before the alerts of the rule */
export function nextRecords(
  rule: Rule,
  { findings, known }: Reading,
  before: readonly AlertRecord[],
  times: Omit<Look, 'forMs' | 'keepForMs'>,
): RuleStep {
  const byId = new Map(before.map((record) => [record.id, record]));
  const found = new Map(
    findings.map((finding) => {
      const content = contentOf(rule, finding);
      return [content.id, content] as const;
    }),
  );
  const contents = limited(found, byId);
  const isKnown = knownBy(rule, known);
  const look = { ...times, forMs: rule.forMs, keepForMs: rule.keepForMs };
  const records = new Map<string, AlertRecord | undefined>();
  for (const record of before) {
    const sight = contents.get(record.id) ?? (isKnown(record) ? 'clear' : 'unknown');
    records.set(record.id, nextRecord(record, sight, look));
  }
  for (const [id, content] of contents)
    if (!byId.has(id)) records.set(id, nextRecord(undefined, content, look));
  return { records, leftOut: found.size - contents.size };
}

function limited(
  found: ReadonlyMap<string, AlertContent>,
  before: ReadonlyMap<string, AlertRecord>,
): ReadonlyMap<string, AlertContent> {
  if (found.size <= MAX_ALERTS) return found;
  const first = [...found].sort(([one], [other]) => Number(before.has(other)) - Number(before.has(one)));
  return new Map(first.slice(0, MAX_ALERTS));
}

/** Whether there is data for an alert. Asked for alerts that no longer hold only, which is seldom. */
function knownBy(rule: Rule, known: readonly Labels[] | undefined): (record: AlertRecord) => boolean {
  let keys: ReadonlySet<string> | undefined;
  return ({ labels }) => {
    if (!known) return true;
    keys ??= new Set(known.map((one) => keyOf(labelsOf(rule, one))));
    return keys.has(keyOf(labels));
  };
}
