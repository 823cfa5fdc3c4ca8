/** The procedures by which mails are operated: for the command line, for walls, for support desks. `mailProcedures` answers them.
 *
 * Addresses are personal data, so lists have them masked (`a***@example.com`) and without names and subjects. Only `listFull`,
 * `suppressionsFull` and, for one mail, `get` tell them, and `content` alone what is in a mail: put the procedures behind
 * authorisation, and allow each role no more of them than it needs. */
import { contract } from '@goblin/core';
import { z } from 'zod';
import { MAX_ADDRESS } from '../addresses.ts';

const State = z.enum(['queued', 'sending', 'unknown', 'sent', 'failed', 'suppressed']);
const Id = z.int().positive();
const Time = z.iso.datetime();
const Moment = Time.nullable();
const EmailAddress = z.string().min(3).max(MAX_ADDRESS);
/** The role that a mail belongs to; where each service has its own, the service. */
const Owner = z.string();
const Why = z.string().min(1).max(300);

const Party = z.object({ name: z.string().optional(), address: z.string() });
const Attempt = z.object({ at: z.string(), route: z.string(), outcome: z.string(), answer: z.string() });

const Summary = z.object({
  owner: Owner,
  id: Id,
  /** The template. */
  kind: z.string(),
  key: z.string(),
  state: State,
  policy: z.enum(['never-twice', 'at-least-once']),
  to: z.array(Party),
  /** cc and bcc. */
  others: z.int(),
  subject: z.string().nullable(),
  route: z.string().nullable(),
  messageId: z.string().nullable(),
  createdAt: Time,
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
  providerId: z.string().nullable(),
  resentFrom: Id.nullable(),
  attempts: z.array(Attempt),
});

const SuppressedAddress = z.object({
  owner: Owner,
  id: Id,
  address: z.string(),
  reason: z.enum(['bounce', 'complaint', 'unsubscribe', 'manual']),
  detail: z.string().nullable(),
  createdAt: Time,
});

const RouteState = z.object({
  owner: Owner,
  name: z.string(),
  /** The process that sees it so. */
  instance: z.string(),
  /** `10/s`, over all processes of the service. */
  rate: z.string().nullable(),
  /** From 0 to 1. */
  health: z.number(),
  /** The breaker is open: mails go elsewhere. */
  open: z.boolean(),
  /** Until when none tries it. */
  restsUntil: Moment,
  failedAt: Moment,
  failure: z.string().nullable(),
  /** By all processes of the service. */
  sentLastMinute: z.int(),
});

const ListInput = z.object({
  owner: Owner.optional(),
  state: State.optional(),
  kind: z.string().optional(),
  key: z.string().optional(),
  recipient: EmailAddress.optional(),
  messageId: z.string().max(1_000).optional(),
  tenant: z.string().optional(),
  since: Time.optional(),
  limit: z.int().min(1).max(500).default(50),
  before: Id.optional(),
});
const ListOutput = z.object({ mails: z.array(Summary) });

const SuppressionsInput = z.object({
  owner: Owner.optional(),
  address: EmailAddress.optional(),
  limit: z.int().min(1).max(500).default(100),
  before: Id.optional(),
});
const SuppressionsOutput = z.object({ addresses: z.array(SuppressedAddress) });

/** Not by GET: an address that is looked for would stand in the URL, and so in logs. */
const SEARCH = { idempotent: true, deadline: '30s' } as const;

export const mailContract = contract('mail.v1', {
  list: {
    summary: 'The mails that match, newest first; `before` is the id of the last one of the page before.',
    input: ListInput,
    output: ListOutput,
    ...SEARCH,
  },
  listFull: {
    summary: 'The same, with whole addresses, names, subjects and answers.',
    input: ListInput,
    output: ListOutput,
    ...SEARCH,
  },
  get: {
    summary: 'One mail with its recipients and its attempts, without its content.',
    input: z.object({ id: Id }),
    output: Detail,
    get: true,
  },
  content: {
    summary: 'What is in a mail.',
    input: z.object({ id: Id }),
    output: z.object({ subject: z.string(), text: z.string(), html: z.string().nullable() }),
    get: true,
  },
  resend: {
    summary:
      'Sends a mail once more: a settled one as a new one, an unknown one itself, if it is allowed to arrive twice.',
    input: z.object({ id: Id, twice: z.boolean().default(false) }),
    output: z.object({ id: Id }),
  },
  resolve: {
    summary: 'Says what became of an unknown mail; as `not-sent` it is sent (again).',
    input: z.object({ id: Id, as: z.enum(['sent', 'not-sent']), why: Why }),
    output: z.object({}),
  },
  suppressions: {
    summary:
      'Addresses that get no mail, those that came last first; `before` is the id of the last one of the page before.',
    input: SuppressionsInput,
    output: SuppressionsOutput,
    ...SEARCH,
  },
  suppressionsFull: {
    summary: 'The same, with whole addresses and details.',
    input: SuppressionsInput,
    output: SuppressionsOutput,
    ...SEARCH,
  },
  suppress: {
    summary: 'Lets an address get no more mail, of all services or of one.',
    input: z.object({ owner: Owner.optional(), address: EmailAddress, detail: Why.optional() }),
    output: z.object({ owners: z.array(Owner) }),
    idempotent: true,
  },
  unsuppress: {
    summary: 'Takes an address off that list; answers whose lists it was on.',
    input: z.object({ owner: Owner.optional(), address: EmailAddress }),
    output: z.object({ owners: z.array(Owner) }),
    idempotent: true,
  },
  routes: {
    summary: 'The routes, as each process sees them.',
    input: z.object({}),
    output: z.object({ routes: z.array(RouteState) }),
    get: true,
  },
});
