/** A template is a kind of mail: typed data in; subject, text and HTML out. `send` renders it and writes it down in the
 * caller's transaction, so it is sent if and only if what it tells has happened; a mailer of the same service sends it
 * (delivery/). What is sent is what was rendered then, also after the template has changed. */
import { GoblinError, parse, type Schema, type SchemaInput, type SchemaOutput } from '@goblin/core';
import type { Transaction } from '@goblin/data';
import { oneLine } from '../addresses.ts';
import { type NewMessage, type Queued, queueMail } from '../messages/queue.ts';
import type { SendRequest } from '../messages/request.ts';
import { mailDocument } from './document.ts';
import type { Html } from './html.ts';

/** Of the text, and of the HTML, in bytes. */
export const MAX_BODY_BYTES = 524_288;
/** Of a subject, in characters; what is longer is cut. */
export const MAX_SUBJECT = 400;

const KIND = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;

export interface TemplateOptions<S extends Schema> {
  readonly data: S;
  /** Line breaks in it become spaces. */
  subject(data: SchemaOutput<S>): string;
  /** What is read where HTML is not. */
  text(data: SchemaOutput<S>): string;
  /** What stands inside of <body>. Default: the mail has no HTML. */
  html?(data: SchemaOutput<S>): Html;
  /** A style sheet; its rules are moved into the elements. */
  readonly css?: string;
  /** Data for the preview. */
  readonly examples?: Readonly<Record<string, SchemaInput<S>>>;
}

export interface Rendered {
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
}

export interface MailTemplate<S extends Schema = Schema> {
  /** `payments.receipt` */
  readonly kind: string;
  readonly examples: Readonly<Record<string, SchemaInput<S>>>;
  /** @throws INVALID_INPUT when the data does not fit, PAYLOAD_TOO_LARGE above 512 kB */
  render(data: SchemaInput<S>): Promise<Rendered>;
  /** Queues a mail with the transaction. A second one with the same key is the same mail: nothing is added. Keys of two
   * tenants are two keys.
   * @throws INVALID_INPUT when the data does not fit or an address is none, PAYLOAD_TOO_LARGE */
  send(tx: Transaction, request: SendRequest<SchemaInput<S>>): Promise<Queued>;
}

/** @example
 * export const receipt = mail('payments.receipt', {
 *   data: z.object({ number: z.string() }),
 *   subject: ({ number }) => `Receipt ${number}`,
 *   text: ({ number }) => `Thank you. This is receipt ${number}.`,
 *   html: ({ number }) => html`<p>Thank you. This is receipt <b>${number}</b>.</p>`,
 * });
 * @throws INVALID_INPUT when the name is not of the form `<service>.<mail>` */
export function mail<S extends Schema>(kind: string, options: TemplateOptions<S>): MailTemplate<S> {
  if (!KIND.test(kind))
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(kind)} is not the name of a mail: write <service>.<mail>, such as payments.receipt`,
    });

  async function render(input: SchemaInput<S>): Promise<Rendered> {
    const data = await parse(options.data, input, 'INVALID_INPUT', `the data of the mail ${kind}`);
    const subject = oneLine(options.subject(data)).slice(0, MAX_SUBJECT);
    const text = bounded(options.text(data), `the text of ${kind}`);
    const body = options.html?.(data);
    const html = body && bounded(await mailDocument(subject, body, options.css ?? ''), `the HTML of ${kind}`);
    return { subject, text, html };
  }

  return {
    kind,
    examples: options.examples ?? {},
    render,
    async send(tx, request) {
      const rendered = await render(request.data);
      const message: NewMessage = { kind, ...rendered };
      return queueMail(tx, message, request);
    },
  };
}

function bounded(text: string, what: string): string {
  const size = Buffer.byteLength(text);
  if (size <= MAX_BODY_BYTES) return text;
  throw new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `${what} has ${size} bytes, and ${MAX_BODY_BYTES} at most are allowed`,
  });
}
