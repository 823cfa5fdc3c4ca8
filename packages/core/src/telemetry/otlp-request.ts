/** One request to an OTLP/HTTP collector and what its answer means
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response). It answers an outcome and never throws. */
import { context, type TraceContext } from '../context.ts';

/** The trace of the exporter's own requests: a bridged HTTP library makes no spans below it, which would be exported
 * in turn. */
export const UNTRACED: TraceContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false };

/** What is read of an answer: it is empty, or says how many items were refused and why. */
const MAX_ANSWER_BYTES = 64 * 1_024;
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** A collector that asks for more is taken to mean this much. */
const MAX_RETRY_AFTER_MS = 60_000;

export interface OtlpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export type OtlpOutcome =
  /** Taken, but for `refused` items. */
  | { readonly kind: 'taken'; readonly refused: number; readonly reason: string }
  /** Worth another try, after `waitMs` if the collector named a time. */
  | { readonly kind: 'later'; readonly waitMs: number | undefined; readonly reason: string }
  /** Will never be taken. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Posts a JSON body. @param signal gives up at once. */
export async function postOtlp(target: OtlpTarget, body: string, signal: AbortSignal): Promise<OtlpOutcome> {
  try {
    const request: RequestInit = {
      method: 'POST',
      headers: { ...target.headers, 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(target.timeoutMs)]),
    };
    const response = await context.run({ trace: UNTRACED }, () => fetch(target.url, request));
    const answer = await readAnswer(response);
    if (response.ok) return takenOutcome(answer);
    const reason = `${target.url} answered ${response.status}${answer && `: ${answer.slice(0, 200)}`}`;
    if (!RETRYABLE_STATUS.has(response.status)) return { kind: 'refused', reason };
    return { kind: 'later', waitMs: retryAfterMs(response.headers.get('retry-after')), reason };
  } catch (error) {
    return { kind: 'later', waitMs: undefined, reason: `${target.url}: ${reasonOf(error)}` };
  }
}

async function readAnswer(response: Response): Promise<string> {
  if (!response.body) return '';
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) break;
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function takenOutcome(answer: string): OtlpOutcome {
  let partial: { rejectedSpans?: unknown; errorMessage?: unknown } | undefined;
  try {
    partial = (JSON.parse(answer) as { partialSuccess?: typeof partial } | null)?.partialSuccess;
  } catch {
    // A collector that answers protobuf, or nothing, has taken all.
  }
  const refused = Math.max(0, Number(partial?.rejectedSpans ?? 0) || 0);
  return { kind: 'taken', refused, reason: String(partial?.errorMessage ?? '') };
}

/** The header is a number of seconds or a date. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
