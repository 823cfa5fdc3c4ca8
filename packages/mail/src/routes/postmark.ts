/** A route over Postmark's HTTP API: https://postmarkapp.com/developer/api/email-api. It is also the model for other providers: one
 * request, and what its answers mean.
 *
 * The mail's own Message-ID is kept (X-PM-KeepID), and the mail carries its number as metadata, by which an unknown
 * one is looked for, and by which webhooks (bounces/postmark-webhook.ts) name it. */
import { type Duration, GoblinError, milliseconds, type Secret } from '@goblin/core';
import type { Address } from '../addresses.ts';
import { unsubscribeHeaders } from './mime.ts';
import type { Outcome, OutgoingMail, Route, RouteOptions } from './route.ts';

export const POSTMARK_METADATA = 'goblin-mail';
const API = 'https://api.postmarkapp.com';
const DEFAULT_TIMEOUT_MS = 30_000;
/** Postmark takes 10 MB as JSON; base64 makes four bytes of three. */
const MAX_ATTACHED_BYTES = 7_000_000;
const MAX_ANSWER_BYTES = 65_536;

/** Errors after which no request can have arrived: there was no connection. */
const NOT_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|ERR_SSL_.*|.*CERT.*)$/;
/** https://postmarkapp.com/developer/api/overview#error-codes */
const INVALID_MAIL = 300;
const INACTIVE_RECIPIENT = 406;

export interface PostmarkOptions extends RouteOptions {
  /** The token of the server in Postmark. */
  readonly token: Secret;
  /** Default `outbound`. */
  readonly stream?: string;
  /** Default Postmark's own; for tests, something on this machine. */
  readonly api?: string;
  /** How long the request may take. Default 30 s. */
  readonly timeout?: Duration;
}

/** @example postmark({ name: 'second', token: POSTMARK_TOKEN, rate: '50/s' }) */
export function postmark(options: PostmarkOptions): Route {
  const { name = 'postmark', rate, token, stream = 'outbound', api = API } = options;
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    'x-postmark-server-token': token.reveal(),
  };
  return {
    name,
    ...(rate !== undefined && { rate }),
    timeoutMs: options.timeout === undefined ? DEFAULT_TIMEOUT_MS : milliseconds(options.timeout),
    open: () => ({
      async send({ mail, handOver, signal }) {
        const size = mail.attachments.reduce((sum, attachment) => sum + attachment.size, 0);
        if (size > MAX_ATTACHED_BYTES)
          return {
            outcome: 'declined',
            answer: 'its attachments are too large for Postmark',
            ill: false,
            permanent: true,
          };
        try {
          const body = JSON.stringify({ ...(await fieldsOf(mail)), MessageStream: stream });
          await handOver();
          return await post(
            `${api}/email`,
            { method: 'POST', headers, body, signal, redirect: 'error' },
            mail,
          );
        } catch (error) {
          return { outcome: 'declined', answer: (error as Error).message, ill: false, permanent: false };
        }
      },
      async find({ id }) {
        const answer = await fetch(
          `${api}/messages/outbound?count=1&offset=0&metadata_${POSTMARK_METADATA}=${id}`,
          { headers, redirect: 'error', signal: AbortSignal.timeout(DEFAULT_TIMEOUT_MS) },
        );
        const { Messages: found } = (await readJson(answer)) as { Messages?: { MessageID?: string }[] };
        if (!answer.ok || !found)
          throw new GoblinError('UNAVAILABLE', {
            message: `Postmark answers ${answer.status} when it is asked for a mail`,
          });
        return found[0]?.MessageID;
      },
      close: async () => {},
    }),
  };
}

async function post(url: string, init: RequestInit, mail: OutgoingMail): Promise<Outcome> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (error) {
    const { code = '', message } = ((error as Error).cause ?? error) as { code?: string; message: string };
    return NOT_CONNECTED.test(code)
      ? { outcome: 'declined', answer: `${code} ${message}`, ill: true, permanent: false }
      : { outcome: 'unknown', answer: `${code} ${message}`.trim() };
  }
  return outcomeOf(answer.status, await readJson(answer).catch(() => ({})), mail);
}

interface PostmarkAnswer {
  readonly ErrorCode?: number;
  readonly Message?: string;
  readonly MessageID?: string;
}

function outcomeOf(status: number, body: PostmarkAnswer, mail: OutgoingMail): Outcome {
  const { ErrorCode: code, Message: text = '', MessageID: providerId } = body;
  const answer = `${status}${code ? ` ${code}` : ''} ${text}`.trim();
  if (status === 200 && (code === undefined || code === 0))
    return { outcome: 'accepted', answer, ...(providerId !== undefined && { providerId }) };
  if (code === INACTIVE_RECIPIENT) {
    const refused = mail.recipients.map((address) => ({ address, answer, gone: true }));
    return { outcome: 'refused', answer, refused };
  }
  // Postmark says of its own failures that most, hence not all, of these mails are lost.
  const isNo = (status >= 400 && status < 500) || status === 503 || (status === 200 && code !== undefined);
  if (!isNo) return { outcome: 'unknown', answer };
  const permanent = code === INVALID_MAIL || status === 413;
  return { outcome: 'declined', answer, permanent, ill: !permanent };
}

async function fieldsOf(mail: OutgoingMail): Promise<Record<string, unknown>> {
  const wanted = new Set(mail.recipients);
  const listed = (addresses: readonly Address[]): string =>
    addresses
      .filter(({ address }) => wanted.has(address))
      .map(written)
      .join(', ');
  const to = listed(mail.to);
  const headers = {
    'Message-ID': mail.messageId,
    'X-PM-KeepID': 'true',
    ...(mail.inReplyTo !== undefined && { 'In-Reply-To': mail.inReplyTo, References: mail.inReplyTo }),
    ...unsubscribeHeaders(mail.unsubscribe),
  };
  const attachments = [];
  for (const { filename, contentType, contentId, read } of mail.attachments) {
    const content = Buffer.concat(await Array.fromAsync(read())).toString('base64');
    attachments.push({
      Name: filename,
      Content: content,
      ContentType: contentType,
      ...(contentId !== undefined && { ContentID: `cid:${contentId}` }),
    });
  }
  return {
    From: written(mail.from),
    To: to,
    Cc: listed(mail.cc),
    Bcc: listed(mail.bcc),
    ...(mail.replyTo && { ReplyTo: written(mail.replyTo) }),
    Subject: mail.subject,
    TextBody: mail.text,
    ...(mail.html !== undefined && { HtmlBody: mail.html }),
    Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
    Attachments: attachments,
    Metadata: { [POSTMARK_METADATA]: String(mail.id) },
    TrackOpens: false,
    TrackLinks: 'None',
  };
}

function written({ name, address }: Address): string {
  return name === undefined ? address : `"${name.replace(/["\\]/g, '')}" <${address}>`;
}

/** @throws when it is too long or no JSON. */
async function readJson(answer: Response): Promise<object> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
  return typeof value === 'object' && value !== null ? value : {};
}
