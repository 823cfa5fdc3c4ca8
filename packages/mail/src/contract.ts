/** The procedures by which mails are operated: for the command line, for walls, for support desks. A service serves them with
 * `serve(mailContract, …mailHandlers(mailer))` or takes them into a contract of its own.
 *
 * Whoever may call them reads addresses and contents of mails, so put them behind authorisation. */
import { contract, type Handlers } from '@goblin/core';
import { z } from 'zod';
import { MAX_ADDRESS, parseAddress } from './addresses.ts';
import type { Mailer } from './mailer.ts';
import type { Message } from './messages/message-table.ts';
import { getMail, listMails, resendMail, resolveMail } from './messages/operate.ts';
import { listSuppressions, suppress, unsuppress } from './messages/suppression-list.ts';

const State = z.enum(['queued', 'sending', 'unknown', 'sent', 'failed', 'suppressed']);
const Id = z.int().positive();
const Moment = z.iso.datetime().nullable();
const EmailAddress = z.string().min(3).max(MAX_ADDRESS);

const Party = z.object({ name: z.string().optional(), address: z.string() });

const Summary = z.object({
  id: Id,
  /** The template. */
  kind: z.string(),
  key: z.string(),
  state: State,
  policy: z.enum(['never-twice', 'at-least-once']),
  to: z.array(Party),
  subject: z.string(),
  route: z.string().nullable(),
  messageId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  handedOverAt: Moment,
  settledAt: Moment,
  deliveredAt: Moment,
  bouncedAt: Moment,
  /** What the last attempt came to. */
  answer: z.string().nullable(),
  tenant: z.string().nullable(),
});

const Detail = Summary.extend({
  cc: z.array(Party),
  bcc: z.array(Party),
  text: z.string(),
  html: z.string().nullable(),
  providerId: z.string().nullable(),
  resentFrom: Id.nullable(),
  attempts: z.array(z.object({ at: z.string(), route: z.string(), outcome: z.string(), answer: z.string() })),
});

const SuppressedAddress = z.object({
  address: z.string(),
  reason: z.enum(['bounce', 'complaint', 'unsubscribe', 'manual']),
  detail: z.string().nullable(),
  createdAt: z.iso.datetime(),
});

export const mailContract = contract('mail.v1', {
  list: {
    summary: 'The mails that match, newest first; `before` is the id of the last one of the page before.',
    input: z.object({
      state: State.optional(),
      kind: z.string().optional(),
      recipient: EmailAddress.optional(),
      messageId: z.string().max(1_000).optional(),
      limit: z.int().min(1).max(500).default(50),
      before: Id.optional(),
    }),
    output: z.object({ mails: z.array(Summary) }),
    get: true,
  },
  get: {
    summary: 'One mail with its content and its attempts.',
    input: z.object({ id: Id }),
    output: Detail,
    get: true,
  },
  resend: {
    summary: 'Sends a settled mail once more, as a new one.',
    input: z.object({ id: Id }),
    output: z.object({ id: Id }),
  },
  resolve: {
    summary: 'Says what became of an unknown mail; as `not-sent` it is sent (again).',
    input: z.object({ id: Id, as: z.enum(['sent', 'not-sent']), why: z.string().min(1).max(300) }),
    output: z.object({}),
  },
  suppressions: {
    summary: 'Addresses that get no mail, in their order; `after` is the last one of the page before.',
    input: z.object({ limit: z.int().min(1).max(500).default(100), after: z.string().optional() }),
    output: z.object({ addresses: z.array(SuppressedAddress) }),
    get: true,
  },
  suppress: {
    summary: 'Puts an address on the list of those that get no mail.',
    input: z.object({ address: EmailAddress, detail: z.string().max(300).optional() }),
    output: z.object({}),
    idempotent: true,
  },
  unsuppress: {
    summary: 'Takes an address off that list.',
    input: z.object({ address: EmailAddress }),
    output: z.object({ wasListed: z.boolean() }),
    idempotent: true,
  },
  routes: {
    summary: 'The routes, as the process that answers sees them.',
    input: z.object({}),
    output: z.object({
      routes: z.array(z.object({ name: z.string(), health: z.number(), open: z.boolean() })),
    }),
    get: true,
  },
});

export function mailHandlers({ db, routes }: Mailer): Handlers<typeof mailContract> {
  return {
    async list({ limit, before, state, kind, recipient, messageId }) {
      const filter = {
        ...(state !== undefined && { state }),
        ...(kind !== undefined && { kind }),
        ...(recipient !== undefined && { recipient }),
        ...(messageId !== undefined && { messageId }),
      };
      const page = { limit, ...(before !== undefined && { before }) };
      return { mails: (await listMails(db, filter, page)).map(summaryOf) };
    },
    async get({ id }) {
      const message = await getMail(db, id);
      const { parties, text, html, providerId, resentFrom, attempts } = message;
      const { cc, bcc } = parties;
      return {
        ...summaryOf(message),
        cc: [...cc],
        bcc: [...bcc],
        text,
        html,
        providerId,
        resentFrom,
        attempts: [...attempts],
      };
    },
    resend: async ({ id }) => ({ id: await resendMail(db, id) }),
    async resolve({ id, as, why }) {
      await resolveMail(db, id, as, why);
      return {};
    },
    async suppressions({ limit, after }) {
      const found = await listSuppressions(db, limit, after);
      return { addresses: found.map((one) => ({ ...one, createdAt: one.createdAt.toISOString() })) };
    },
    async suppress({ address, detail }) {
      await suppress(db, parseAddress(address).address, 'manual', detail);
      return {};
    },
    unsuppress: async ({ address }) => ({ wasListed: await unsuppress(db, parseAddress(address).address) }),
    routes: () => ({ routes: routes() }),
  };
}

function summaryOf(message: Message): z.input<typeof Summary> {
  const { id, kind, key, state, policy, parties, subject, route, messageId, attempts, tenant } = message;
  return {
    id,
    kind,
    key,
    state,
    policy,
    to: [...parties.to],
    subject,
    route,
    messageId,
    createdAt: message.createdAt.toISOString(),
    handedOverAt: iso(message.handedOverAt),
    settledAt: iso(message.settledAt),
    deliveredAt: iso(message.deliveredAt),
    bouncedAt: iso(message.bouncedAt),
    answer: attempts.at(-1)?.answer ?? null,
    tenant,
  };
}

function iso(date: Date | null): string | null {
  return date?.toISOString() ?? null;
}
