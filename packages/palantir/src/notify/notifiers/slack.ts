/** Slack. With the token of a bot, by chat.postMessage (https://api.slack.com/methods/chat.postMessage): what belongs together stands in
 * one thread under its first message, and what begins again or ends is shown in the channel too. By the address of an incoming
 * webhook: without threads, for Slack does not say which message it made.
 *
 * Slack knows no idempotency key. Before a message is sent again it is looked for in the channel (slack-lookup.ts). Where the app may not
 * look there, by an incoming webhook, and while only the name of the channel is known, a message whose answer was lost stands there
 * twice. */
import { isGoblinError } from '@goblin/core';
import { post } from '../http-post.ts';
import type { Message } from '../message.ts';
import type { Notifier, Outgoing } from '../notifier.ts';
import type { SlackSettings } from '../notifier-settings.ts';
import { secretFile } from '../secret-file.ts';
import type { NotifierSetup, Wording } from './setup.ts';
import { slackAnswer } from './slack-answer.ts';
import { metadataOf, timestampOf } from './slack-lookup.ts';

const API = 'https://slack.com/api';
/** Slack cuts longer texts. */
const MAX_TEXT = 4_000;
/** Of a channel, rather than its name. */
const CHANNEL_ID = /^[CDG][A-Z0-9]{7,}$/;

export function slackNotifier(settings: SlackSettings, words: Wording, setup: NotifierSetup): Notifier {
  const { name, channel, tokenFile, urlFile, api = API } = settings;
  const { fetch, clock } = setup;
  const send =
    tokenFile === undefined ? byWebhook(secretFile(urlFile!), words, setup) : byBot(secretFile(tokenFile));

  function byBot(token: () => Promise<string>): Notifier['send'] {
    let channelId = CHANNEL_ID.test(channel!) ? channel : undefined;

    /** What it was given the first time, where that is known. */
    async function known(
      message: Outgoing,
      headers: Readonly<Record<string, string>>,
      signal: AbortSignal,
    ): Promise<string | undefined> {
      if (message.triedSinceMs === undefined || channelId === undefined) return undefined;
      try {
        return await timestampOf(message, { api, channel: channelId, headers }, setup, signal);
      } catch (error) {
        // The app may not look, or cannot: twice is better than never.
        if (isGoblinError(error, 'FAILED_PRECONDITION') || isGoblinError(error, 'INVALID_INPUT'))
          return undefined;
        throw error;
      }
    }

    return async (message, signal) => {
      const authorization = { authorization: `Bearer ${await token()}` };
      const before = await known(message, authorization, signal);
      if (before !== undefined) return { reference: before };
      const headers = { ...authorization, 'content-type': 'application/json; charset=utf-8' };
      const body = JSON.stringify({
        channel,
        text: slackText(message, words),
        unfurl_links: false,
        metadata: metadataOf(message),
        ...(message.replyTo !== undefined && {
          thread_ts: message.replyTo,
          reply_broadcast: isForAll(message),
        }),
      });
      const { text } = await post(fetch, `${api}/chat.postMessage`, { body, headers, signal }, clock.wall());
      const answer = slackAnswer(text);
      if (typeof answer.channel === 'string') channelId = answer.channel;
      return typeof answer.ts === 'string' ? { reference: answer.ts } : {};
    };
  }

  return { name, kind: 'slack', takes: () => true, send };
}

function byWebhook(
  url: () => Promise<string>,
  words: Wording,
  { fetch, clock }: NotifierSetup,
): Notifier['send'] {
  return async (message, signal) => {
    const body = JSON.stringify({ text: slackText(message, words) });
    await post(fetch, await url(), { body, signal }, clock.wall());
    return {};
  };
}

function slackText(message: Outgoing, words: Wording): string {
  const { title, text } = words(message);
  const who = message.recipient?.slack;
  const mention = who !== undefined && message.severity === 'page' ? `<@${who}> ` : '';
  return `${mention}*${escaped(title).replaceAll('*', '∗')}*\n${escaped(text)}`.slice(0, MAX_TEXT);
}

/** https://api.slack.com/reference/surfaces/formatting#escaping: so that no text of a log mentions everybody. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function isForAll({ reason }: Message): boolean {
  return reason === 'resolved' || reason === 'reopened' || reason === 'escalated';
}
