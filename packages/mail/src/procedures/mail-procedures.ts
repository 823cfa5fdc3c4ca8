/** Answers `mail.v1` over a database. Of a service's own database it sees that service's mails; of an owner's
 * (`operatorDatabase`) those of all. */
import { GoblinError, type Handlers } from '@goblin/core';
import type { Database } from '@goblin/data';
import { type Address, masked, maskedText, parseAddress } from '../addresses.ts';
import { listRouteStates } from '../delivery/route-states.ts';
import type { MessageSummary } from '../messages/message-table.ts';
import { getMail, listMails, type MailFilter, resendMail, resolveMail } from '../messages/operate.ts';
import { listSuppressions, type Suppression, suppress, unsuppress } from '../messages/suppression-list.ts';
import type { mailContract } from './contract.ts';
import { type MailOwner, mailOwners, ownerOfMail } from './mail-owners.ts';

type Procedures = Handlers<typeof mailContract>;

/** @example serve(mailContract, async (app) => {
 *   const db = await app.use(postgres());
 *   await mailer(app, { db, from: 'shop@example.com' });
 *   return mailProcedures(db);
 * }) */
export function mailProcedures(db: Database): Procedures {
  /** For each service that sends mail, or the one that is meant. @throws NOT_FOUND when that one does not */
  async function each<T>(
    only: string | undefined,
    work: (as: Database, owner: string) => Promise<T>,
  ): Promise<T[]> {
    const owners = await mailOwners(db, only);
    if (only !== undefined && owners.length === 0)
      throw new GoblinError('NOT_FOUND', { message: `no service ${only} sends mail` });
    const answers: T[] = [];
    for (const { db: as, owner } of owners) answers.push(await work(as, owner));
    return answers;
  }

  const list =
    (full: boolean): Procedures['list'] =>
    async ({ owner, limit, before, since, ...texts }) => {
      const filter: MailFilter = {
        ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)),
        ...(since !== undefined && { since: new Date(since) }),
      };
      const found = await each(owner, (as) => listMails(as, filter, pageOf(limit, before)));
      return { mails: newest(found, limit).map((mail) => summaryOf(mail, full)) };
    };

  const suppressions =
    (full: boolean): Procedures['suppressions'] =>
    async ({ owner, address, limit, before }) => {
      const page = { ...pageOf(limit, before), ...(address !== undefined && { address }) };
      const found = await each(owner, async (as, whose) =>
        (await listSuppressions(as, page)).map((one) => ({ owner: whose, ...one })),
      );
      return { addresses: newest(found, limit).map((one) => suppressionOf(one, full)) };
    };

  return {
    list: list(false),
    listFull: list(true),

    async get({ id }) {
      const mail = await getMail(await ownerOfMail(db, id), id);
      const { parties, providerId, resentFrom, attempts } = mail;
      return {
        ...summaryOf(mail, true),
        cc: [...parties.cc],
        bcc: [...parties.bcc],
        providerId,
        resentFrom,
        attempts: [...attempts],
      };
    },

    async content({ id }) {
      const { subject, text, html } = await getMail(await ownerOfMail(db, id), id);
      return { subject, text, html };
    },

    resend: async ({ id, twice }) => ({ id: await resendMail(await ownerOfMail(db, id), id, { twice }) }),

    async resolve({ id, as, why }) {
      await resolveMail(await ownerOfMail(db, id), id, as, why);
      return {};
    },

    suppressions: suppressions(false),
    suppressionsFull: suppressions(true),

    async suppress({ owner, address, detail }) {
      const { address: known } = parseAddress(address);
      const owners = await each(owner, async (as, whose) => {
        await suppress(as, known, 'manual', detail);
        return whose;
      });
      if (owners.length === 0)
        throw new GoblinError('NOT_FOUND', { message: 'no service of this database sends mail' });
      return { owners };
    },

    async unsuppress({ owner, address }) {
      const { address: known } = parseAddress(address);
      const found = await each(owner, async (as, whose) => ((await unsuppress(as, known)) ? [whose] : []));
      return { owners: found.flat() };
    },

    async routes() {
      const found = await each(undefined, async (as, owner) =>
        (await listRouteStates(as)).map(({ restsUntil, failedAt, ...state }) => ({
          owner,
          ...state,
          open: restsUntil !== null,
          restsUntil: iso(restsUntil),
          failedAt: iso(failedAt),
        })),
      );
      return { routes: found.flat() };
    },
  };
}

function pageOf(limit: number, before: number | undefined): { limit: number; before?: number } {
  return { limit, ...(before !== undefined && { before }) };
}

/** Of the pages of all services. */
function newest<T extends { readonly id: number }>(pages: readonly T[][], limit: number): T[] {
  return pages
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(0, limit);
}

function summaryOf(message: MessageSummary, full: boolean) {
  const { owner, id, kind, key, state, policy, parties, subject, route, messageId, tenant } = message;
  const { to, cc, bcc } = parties;
  const answer = message.attempts.at(-1)?.answer ?? null;
  return {
    owner,
    id,
    kind,
    key: full ? key : maskedText(key),
    state,
    policy,
    to: full ? [...to] : to.map(maskedParty),
    others: cc.length + bcc.length,
    subject: full ? subject : null,
    route,
    messageId,
    createdAt: message.createdAt.toISOString(),
    handedOverAt: iso(message.handedOverAt),
    settledAt: iso(message.settledAt),
    deliveredAt: iso(message.deliveredAt),
    bouncedAt: iso(message.bouncedAt),
    answer: full ? answer : answer && maskedText(answer),
    tenant,
  };
}

function maskedParty({ address }: Address): Address {
  return { address: masked(address) };
}

function suppressionOf(one: Suppression & Pick<MailOwner, 'owner'>, full: boolean) {
  const { owner, id, address, reason, detail, createdAt } = one;
  return {
    owner,
    id,
    address: full ? address : masked(address),
    reason,
    detail: full ? detail : detail && maskedText(detail),
    createdAt: createdAt.toISOString(),
  };
}

function iso(date: Date | null): string | null {
  return date?.toISOString() ?? null;
}
