/** Whether Slack has a message already. It knows no idempotency key, and what `client_msg_id` does is not documented; but a message may
 * carry metadata, and an app that may read the history of the channel (`channels:history`, of a private one `groups:history`) finds
 * it by that (https://docs.slack.dev/messaging/message-metadata). Asked only before a message is sent again. */
import { post } from '../http-post.ts';
import type { Outgoing } from '../notifier.ts';
import type { NotifierSetup } from './setup.ts';
import { type SlackAnswer, slackAnswer } from './slack-answer.ts';

const EVENT_TYPE = 'palantir_message';
/** Clocks differ. */
const BEFORE_MS = 60_000;
const PER_PAGE = 200;
/** Of more messages than these since the first attempt the newest are looked at. */
const MAX_PAGES = 5;

/** What a message carries to be known by. */
export function metadataOf({ key }: Outgoing): object {
  return { event_type: EVENT_TYPE, event_payload: { key } };
}

export interface Lookup {
  readonly api: string;
  /** Its id: history is not given by names. */
  readonly channel: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface SlackMessage {
  readonly ts?: unknown;
  readonly metadata?: { readonly event_type?: unknown; readonly event_payload?: { readonly key?: unknown } };
}

/** The `ts` of the message; undefined where it is not there. @throws as slackAnswer does, and post */
export async function timestampOf(
  message: Outgoing,
  { api, channel, headers }: Lookup,
  { fetch, clock }: Pick<NotifierSetup, 'fetch' | 'clock'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { replyTo, triedSinceMs = clock.wall() } = message;
  const method = replyTo === undefined ? 'conversations.history' : 'conversations.replies';
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const body = new URLSearchParams({
      channel,
      ...(replyTo !== undefined && { ts: replyTo }),
      oldest: String((triedSinceMs - BEFORE_MS) / 1_000),
      limit: String(PER_PAGE),
      include_all_metadata: 'true',
      ...(cursor !== '' && { cursor }),
    }).toString();
    const request = {
      body,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      signal,
    };
    const answer = slackAnswer((await post(fetch, `${api}/${method}`, request, clock.wall())).text);
    for (const { ts, metadata } of messagesOf(answer))
      if (metadata?.event_type === EVENT_TYPE && metadata.event_payload?.key === message.key)
        return String(ts);
    const next = (answer.response_metadata as { next_cursor?: unknown } | undefined)?.next_cursor;
    if (typeof next !== 'string' || next === '') return undefined;
    cursor = next;
  }
  return undefined;
}

function messagesOf({ messages }: SlackAnswer): readonly SlackMessage[] {
  return Array.isArray(messages) ? (messages as SlackMessage[]) : [];
}
