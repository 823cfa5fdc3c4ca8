/** What an alert says, from its rule and what was found. */
import { createHash } from 'node:crypto';
import type { Labels } from '../model.ts';
import { keyOf } from '../query/promql/vector.ts';
import type { Rule, Severity } from './alert.ts';
import type { AlertContent } from './alert-machine.ts';
import type { Finding } from './conditions/condition.ts';

const PLACEHOLDER = /\{\{\s*([\w.]+)\s*\}\}/g;
const SIGNIFICANT_DIGITS = 3;

export function labelsOf(rule: Rule, labels: Labels): Labels {
  return { ...labels, ...rule.labels };
}

/** The same rule and labels give the same id. */
export function alertId(rule: string, labels: Labels): string {
  return createHash('sha256')
    .update(`${rule}\xff${keyOf(labels)}`)
    .digest('hex')
    .slice(0, 16);
}

export function contentOf(rule: Rule, finding: Finding): AlertContent {
  const labels = labelsOf(rule, finding.labels);
  const fill = (text: string): string =>
    text.replaceAll(PLACEHOLDER, (_, name: string) =>
      name === 'value' ? numberText(finding.value) : (labels[name] ?? ''),
    );
  return {
    id: alertId(rule.name, labels),
    rule: rule.name,
    severity: lessSevere(rule.severity, finding.severity ?? rule.severity),
    service: labels.service ?? '',
    labels,
    value: finding.value,
    summary: finding.isNoData ? `There is no data for ${rule.name}` : fill(rule.summary),
    ...(rule.description !== undefined && { description: fill(rule.description) }),
    ...(rule.runbook !== undefined && { runbook: rule.runbook }),
    evidence: finding.evidence ?? [],
  };
}

/** `1234`, `0.0123`, `12.3`. */
function numberText(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value) || Math.abs(value) >= 1_000)
    return String(Math.round(value));
  return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
}

const SEVERITIES: readonly Severity[] = ['info', 'ticket', 'page'];

function lessSevere(one: Severity, other: Severity): Severity {
  return SEVERITIES[Math.min(SEVERITIES.indexOf(one), SEVERITIES.indexOf(other))]!;
}
