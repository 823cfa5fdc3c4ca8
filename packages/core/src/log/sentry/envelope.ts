/** One envelope on its way to Sentry (https://develop.sentry.dev/sdk/data-model/envelopes/). */
import type { Secret } from '../../config/secret.ts';
import { GoblinError } from '../../errors.ts';
import type { SentryEvent } from './event.ts';
import { pauseSeconds } from './rate-limits.ts';

const CLIENT = 'goblin/0.1';

/** Why an event was not sent; the words are Sentry's. */
export type DropReason =
  | 'queue_overflow'
  | 'ratelimit_backoff'
  | 'network_error'
  | 'send_error'
  | 'internal_sdk_error';
export type DropCounts = Readonly<Partial<Record<DropReason, number>>>;

/** Where a project takes its envelopes. */
export interface SentryTarget {
  readonly url: string;
  readonly key: string;
}

export interface SendResult {
  readonly outcome: 'sent' | 'limited' | 'refused' | 'failed';
  /** How long Sentry wants nothing more; 0 when it does not mind. */
  readonly pauseMs: number;
}

/** @throws CONFIG_INVALID when it is not of the form; the message does not show it. */
export function sentryTarget(dsn: Secret): SentryTarget {
  const parsed = URL.parse(dsn.reveal());
  const [, path, project] = /^(.*)\/([^/]+)$/.exec(parsed?.pathname ?? '') ?? [];
  if (!parsed || !/^https?:$/.test(parsed.protocol) || !parsed.username || !project) {
    throw new GoblinError('CONFIG_INVALID', {
      message: 'the DSN is not one of Sentry: it should look like https://<key>@<host>/<project>',
    });
  }
  return { url: `${parsed.protocol}//${parsed.host}${path}/api/${project}/envelope/`, key: parsed.username };
}

/** Sends once. Never rejects: no answer counts as `failed`, as does a server in trouble.
 * @param dropped what was not sent before, told along as a client report. */
export async function sendEnvelope(
  target: SentryTarget,
  event: SentryEvent,
  dropped: DropCounts,
  nowMs: number,
  signal: AbortSignal,
): Promise<SendResult> {
  try {
    const response = await fetch(target.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-sentry-envelope',
        'x-sentry-auth': `Sentry sentry_version=7, sentry_client=${CLIENT}, sentry_key=${target.key}`,
      },
      body: envelope(event, dropped, nowMs),
      redirect: 'error',
      signal,
    });
    await response.body?.cancel();
    const pauseMs = pauseSeconds(response.status, response.headers, nowMs) * 1_000;
    return { outcome: outcomeOf(response.status), pauseMs };
  } catch {
    return { outcome: 'failed', pauseMs: 0 };
  }
}

function outcomeOf(status: number): SendResult['outcome'] {
  if (status < 300) return 'sent';
  if (status === 429) return 'limited';
  return status >= 500 ? 'failed' : 'refused';
}

/** Header and items, each on a line of its own. */
function envelope(event: SentryEvent, dropped: DropCounts, nowMs: number): string {
  const payload = JSON.stringify(event);
  const lines = [
    JSON.stringify({ event_id: event.event_id, sent_at: new Date(nowMs).toISOString() }),
    JSON.stringify({ type: 'event', length: Buffer.byteLength(payload), content_type: 'application/json' }),
    payload,
  ];
  const discarded = Object.entries(dropped)
    .filter(([, quantity]) => quantity > 0)
    .map(([reason, quantity]) => ({ reason, category: 'error', quantity }));
  if (discarded.length > 0) {
    lines.push(
      JSON.stringify({ type: 'client_report' }),
      JSON.stringify({ timestamp: nowMs / 1_000, discarded_events: discarded }),
    );
  }
  return `${lines.join('\n')}\n`;
}
