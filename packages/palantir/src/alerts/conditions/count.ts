/** At least so many log lines within a window, by the values of some fields. The store's counts per minute are asked first: where there
 * are too few lines in all, which is nearly always so, no line is read. */
import { GoblinError } from '@goblin/core';
import type { Labels, LogLine, Matcher } from '../../model.ts';
import { keyOf } from '../../query/promql/vector.ts';
import { MAX_SEARCH_LIMIT } from '../../store/limits.ts';
import { compileMatchers } from '../../store/matching.ts';
import type { Condition } from '../alert.ts';
import type { CompiledCondition, ConditionSources, Finding } from './condition.ts';

type Count = Extract<Condition, { kind: 'count' }>;

/** Of the newest lines of each alert. */
const MAX_EVIDENCE = 5;
const MAX_EVIDENCE_LENGTH = 300;
const MAX_WINDOW_MS = 24 * 3_600_000;

interface Tally {
  readonly labels: Labels;
  readonly evidence: string[];
  count: number;
}

/** @throws INVALID_INPUT */
export function count(condition: Count, logs: ConditionSources['logs']): CompiledCondition {
  check(condition);
  const { matchers, words, logSeverity: severity, by, atLeast, windowMs } = condition;
  const service = onlyService(matchers);

  async function mayHold(fromMs: number, toMs: number, signal: AbortSignal): Promise<boolean> {
    const counts = await logs.logCounts({ ...(service && { service }), severity, fromMs, toMs }, signal);
    return counts.reduce((sum, one) => sum + one.count, 0) >= atLeast;
  }

  return {
    reachMs: windowMs,
    async read(atMs, signal) {
      const fromMs = atMs - windowMs;
      if (!(await mayHold(fromMs, atMs, signal))) return { findings: [] };
      const query = { matchers, words, severity, fromMs, toMs: atMs, limit: MAX_SEARCH_LIMIT };
      const tallies = new Map<string, Tally>();
      for await (const line of logs.searchLogs(query, signal)) add(tallies, line, by);
      const findings: Finding[] = [...tallies.values()]
        .filter((tally) => tally.count >= atLeast)
        .map((tally) => ({ labels: tally.labels, value: tally.count, evidence: tally.evidence }));
      return { findings };
    },
  };
}

function add(tallies: Map<string, Tally>, line: LogLine, by: readonly string[]): void {
  const labels = Object.fromEntries(by.map((field) => [field, fieldOf(line, field)]));
  const key = keyOf(labels);
  let tally = tallies.get(key);
  if (!tally) {
    tally = { labels, evidence: [], count: 0 };
    tallies.set(key, tally);
  }
  tally.count++;
  if (tally.evidence.length < MAX_EVIDENCE) tally.evidence.push(line.body.slice(0, MAX_EVIDENCE_LENGTH));
}

function fieldOf(line: LogLine, field: string): string {
  if (Object.hasOwn(line.attributes, field)) return line.attributes[field]!;
  if (field === 'service') return line.service;
  return field === 'severity' ? String(line.severity) : '';
}

function onlyService(matchers: readonly Matcher[]): string | undefined {
  return compileMatchers(matchers).find(({ label }) => label === 'service')?.only;
}

function check({ matchers, atLeast, windowMs }: Count): void {
  compileMatchers(matchers);
  if (!(Number.isInteger(atLeast) && atLeast >= 1 && atLeast <= MAX_SEARCH_LIMIT))
    throw invalid(`atLeast: it is ${atLeast}; write a whole number from 1 to ${MAX_SEARCH_LIMIT}`);
  if (!(windowMs >= 1_000 && windowMs <= MAX_WINDOW_MS))
    throw invalid(`within: it is ${windowMs} ms; write at least 1s and at most 24h`);
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
