/** Takes Postmark's webhooks for deliveries, bounces, spam complaints and subscription changes
 * (https://postmarkapp.com/developer/webhooks/webhooks-overview). Postmark signs nothing, so the secret is the password of HTTP basic
 * authentication: give it the URL https://goblin:<secret>@mail.example.com/mail/postmark. It repeats what is not
 * answered by 200. */
import type { Secret } from '@goblin/core';
import type { Database } from '@goblin/data';
import { POSTMARK_METADATA } from '../routes/postmark.ts';
import { keepReport, type Report } from './report.ts';

const MAX_BYTES = 262_144;
/** Postmark's types of bounces after which an address gets no more mail. */
const GONE = new Set(['HardBounce', 'BadEmailAddress', 'ManuallyDeactivated']);

interface Hook {
  readonly RecordType?: unknown;
  readonly Type?: unknown;
  readonly Email?: unknown;
  readonly Recipient?: unknown;
  readonly Description?: unknown;
  readonly Details?: unknown;
  readonly SuppressSending?: unknown;
  readonly SuppressionReason?: unknown;
  readonly Metadata?: unknown;
}

/** A route for `serve`'s `routes`: `'POST /mail/postmark': postmarkWebhook(db, POSTMARK_WEBHOOK_SECRET)` */
export function postmarkWebhook(db: Database, secret: Secret): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!isFromPostmark(request, secret))
      return new Response('', { status: 401, headers: { 'www-authenticate': 'Basic realm="mail"' } });
    const hook = await readHook(request);
    if (!hook) return new Response('this is not a webhook of Postmark', { status: 400 });
    const report = reportOf(hook);
    if (report) await keepReport(db, messageOf(hook), report);
    return new Response('');
  };
}

function isFromPostmark(request: Request, secret: Secret): boolean {
  const [, credentials = ''] =
    /^Basic ([A-Za-z0-9+/=]{1,2000})$/.exec(request.headers.get('authorization') ?? '') ?? [];
  const text = Buffer.from(credentials, 'base64').toString();
  return secret.equals(text.slice(text.indexOf(':') + 1));
}

async function readHook(request: Request): Promise<Hook | undefined> {
  const bytes = await request.bytes();
  if (bytes.length > MAX_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function messageOf({ Metadata: metadata }: Hook): number | undefined {
  const id = Number((metadata as Record<string, unknown> | undefined)?.[POSTMARK_METADATA]);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

function reportOf(hook: Hook): Report | undefined {
  const { RecordType: record, Type: type } = hook;
  const address = String(hook.Email ?? hook.Recipient ?? '');
  const detail = [type, hook.Description, hook.Details].filter((it) => typeof it === 'string').join(': ');
  if (address === '') return undefined;
  switch (record) {
    case 'Delivery':
      return { what: 'delivered', address, gone: false, detail };
    case 'Bounce':
      return { what: 'bounced', address, gone: GONE.has(String(type)), detail };
    case 'SpamComplaint':
      return { what: 'complained', address, gone: true, detail };
    case 'SubscriptionChange':
      if (hook.SuppressSending !== true) return undefined;
      if (hook.SuppressionReason === 'SpamComplaint')
        return { what: 'complained', address, gone: true, detail };
      if (hook.SuppressionReason === 'HardBounce') return { what: 'bounced', address, gone: true, detail };
      return { what: 'unsubscribed', address, gone: true, detail };
    default:
      return undefined;
  }
}
