/** The options of `goblin audit search` and `export` as a filter. */
import { milliseconds } from '@goblin/core';
import type { AuditFilter } from '@goblin/data';
import { type CommandContext, UsageError } from '../command.ts';

/** @throws UsageError */
export function auditFilterOf(context: CommandContext): AuditFilter {
  const owner = context.text('service');
  const since = timeOf(context, 'since');
  const until = timeOf(context, 'until');
  const subject = subjectOf(context.text('subject'));
  const texts = Object.entries({
    actor: context.text('actor'),
    tenant: context.text('tenant'),
    action: context.text('action'),
    text: context.text('text'),
    traceId: context.text('trace'),
    requestId: context.text('request'),
  }).filter(([, value]) => value !== undefined);
  return {
    ...(owner === undefined ? { everyOwner: true } : { owner }),
    ...Object.fromEntries(texts),
    ...(subject && { subject }),
    ...(since && { since }),
    ...(until && { until }),
  };
}

/** @throws UsageError */
export function wholeNumber(context: CommandContext, name: string): number | undefined {
  const text = context.text(name);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`--${name} is a whole number, not ${JSON.stringify(text)}`);
}

/** `payment`, or `payment/p-1`. */
function subjectOf(text: string | undefined): AuditFilter['subject'] {
  if (text === undefined) return undefined;
  const slash = text.indexOf('/');
  return slash < 0 ? { type: text } : { type: text.slice(0, slash), id: text.slice(slash + 1) };
}

/** A time, or how long ago it was. @throws UsageError */
export function timeOf(context: CommandContext, name: string): Date | undefined {
  const text = context.text(name);
  if (text === undefined) return undefined;
  const time = /^[\d.]+[a-z]+$/.test(text) ? Date.now() - milliseconds(text) : Date.parse(text);
  if (Number.isFinite(time)) return new Date(time);
  throw new UsageError(
    `--${name} is a time such as 2026-11-20T12:00 or a duration such as 2h, not ${JSON.stringify(text)}`,
  );
}
