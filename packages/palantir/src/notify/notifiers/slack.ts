/** Slack. With the token of a bot, by chat.postMessage (https://api.slack.com/methods/chat.postMessage): what belongs together stands in
 * one thread under its first message, and what begins again or ends is shown in the channel too. By the address of an incoming
 * webhook: without threads, for Slack does not say which message it made.
 *
 * Slack knows no idempotency key: when the connection breaks after Slack has taken a message it stands there twice. */
import { GoblinError } from '@goblin/core';
import { post, shown } from '../http-post.ts';
import type { Message } from '../message.ts';
import type { Notifier, Outgoing, Receipt } from '../notifier.ts';
import type { SlackSettings } from '../notifier-settings.ts';
import { secretFile } from '../secret-file.ts';
import type { NotifierSetup, Wording } from './setup.ts';

const API = 'https://slack.com/api';
/** Slack cuts longer texts. */
const MAX_TEXT = 4_000;
/** Slack is at fault, or wants it slower. */
const PASSING: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);
/** The message is at fault. */
const REFUSED: ReadonlySet<string> = new Set([
  'msg_too_long',
  'no_text',
  'invalid_arguments',
  'invalid_json',
  'msg_blocks_too_long',
]);

export function slackNotifier(settings: SlackSettings, words: Wording, setup: NotifierSetup): Notifier {
  const { name, channel, tokenFile, urlFile, api = API } = settings;
  const { fetch, clock } = setup;
  const send =
    tokenFile === undefined ? byWebhook(secretFile(urlFile!), words, setup) : byBot(secretFile(tokenFile));

  function byBot(token: () => Promise<string>): Notifier['send'] {
    return async (message, signal) => {
      const headers = {
        authorization: `Bearer ${await token()}`,
        'content-type': 'application/json; charset=utf-8',
      };
      const body = JSON.stringify({
        channel,
        text: slackText(message, words),
        unfurl_links: false,
        ...(message.replyTo !== undefined && {
          thread_ts: message.replyTo,
          reply_broadcast: isForAll(message),
        }),
      });
      const answer = await post(fetch, `${api}/chat.postMessage`, { body, headers, signal }, clock.wall());
      return receiptOf(answer.text);
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

/** Slack answers 200 whatever it thinks of a message. */
function receiptOf(text: string): Receipt {
  let answer: { ok?: unknown; ts?: unknown; error?: unknown };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw new GoblinError('BAD_ANSWER', { message: `it answers what is not JSON: ${shown(text)}` });
  }
  if (answer.ok === true) return typeof answer.ts === 'string' ? { reference: answer.ts } : {};
  const error = typeof answer.error === 'string' ? answer.error : 'no reason';
  const message = `Slack refuses it: ${shown(error)}`;
  if (PASSING.has(error)) throw new GoblinError('UNAVAILABLE', { message });
  throw new GoblinError(REFUSED.has(error) ? 'INVALID_INPUT' : 'FAILED_PRECONDITION', { message });
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
