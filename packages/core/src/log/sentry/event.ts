/** An error report in Sentry's form (https://develop.sentry.dev/sdk/data-model/event-payloads/). What leaves the
 * house is scrubbed once more: texts may hold card numbers, bearer tokens or passwords in URLs. */
import { randomUUID } from 'node:crypto';
import type { ErrorReport } from '../logger.ts';
import { redacted } from '../redact.ts';

const MAX_FRAMES = 50;
const MAX_CAUSES = 5;
const MAX_TEXT_CHARS = 4_096;

export interface SentryEventOptions {
  readonly release?: string;
  readonly environment?: string;
  readonly serverName?: string;
}

export interface SentryEvent {
  /** 32 hex digits. */
  readonly event_id: string;
  readonly [field: string]: unknown;
}

/** Fields that become tags, by which people search. */
const TAGS = ['service', 'instance', 'tenant', 'procedure', 'requestId'] as const;

export function sentryEvent(report: ErrorReport, options: SentryEventOptions, nowMs: number): SentryEvent {
  const { traceId, spanId, ...fields } = scrubbed(report.fields) as Record<string, unknown>;
  const tags: Record<string, string> = {};
  for (const tag of TAGS) if (typeof fields[tag] === 'string') tags[tag] = fields[tag];
  const { code } = (report.error ?? {}) as { code?: unknown };
  if (typeof code === 'string') tags.code = code;
  return {
    event_id: randomUUID().replaceAll('-', ''),
    timestamp: nowMs / 1_000,
    platform: 'node',
    level: report.level,
    logger: 'goblin',
    ...(options.release && { release: options.release }),
    ...(options.environment && { environment: options.environment }),
    ...(options.serverName && { server_name: options.serverName }),
    message: { formatted: scrubText(report.message) },
    exception: { values: exceptions(report.error) },
    tags,
    extra: fields,
    ...(traceId !== undefined && { contexts: { trace: { trace_id: traceId, span_id: spanId } } }),
  };
}

/** The error and its causes, the innermost first as Sentry wants it. */
function exceptions(error: unknown): unknown[] {
  const values: unknown[] = [];
  for (let each = error; each instanceof Error && values.length < MAX_CAUSES; each = each.cause) {
    const { data } = each as { data?: Record<string, unknown> };
    values.unshift({
      type: each.name,
      value: scrubText(each.message),
      stacktrace: { frames: framesOf(each.stack ?? '') },
      mechanism: {
        type: 'log',
        handled: true,
        ...(data && { data: scrubbed(redacted(data)) }),
      },
    });
  }
  return values;
}

const FRAME = /^\s*at (?:(.*?) \()?(?:file:\/\/)?(.*?):(\d+):(\d+)\)?$/;

/** The frames of a V8 stack, the outermost first. */
function framesOf(stack: string): unknown[] {
  const frames: unknown[] = [];
  for (const line of stack.split('\n')) {
    const match = FRAME.exec(line);
    if (!match) continue;
    const [, name, file = '', row, column] = match;
    frames.unshift({
      filename: file,
      ...(name && { function: name }),
      lineno: Number(row),
      colno: Number(column),
      in_app: !file.includes('node_modules') && !file.startsWith('node:'),
    });
    if (frames.length === MAX_FRAMES) break;
  }
  return frames;
}

/** As plain JSON, its texts scrubbed. */
function scrubbed(value: unknown): unknown {
  const json = JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
  return JSON.parse(json, (_key, inner) => (typeof inner === 'string' ? scrubText(inner) : inner));
}

/** A text without card numbers, bearer tokens and passwords in URLs, cut to a length that trackers take. */
export function scrubText(text: string): string {
  const short = text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
  return short
    .replaceAll(/\b(Bearer|Basic) [\w.~+/=-]+/gi, '$1 [redacted]')
    .replaceAll(/:\/\/[^/@\s]*@/g, '://[redacted]@')
    .replaceAll(/\b\d(?:[ -]?\d){12,18}\b/g, (digits) => (isCardNumber(digits) ? '[redacted]' : digits));
}

/** Luhn's check, which one in ten random numbers passes. */
function isCardNumber(text: string): boolean {
  let sum = 0;
  const digits = text.replaceAll(/\D/g, '');
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const weighted = i % 2 === 1 ? digit * 2 : digit;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}
