/** `goblin mail resend 17`, `goblin mail resolve 17 sent`: what a person decides about a mail. It stands among the mail's attempts,
 * with who it was. */
import { userInfo } from 'node:os';
import { context as callContext, GoblinError } from '@goblin/core';
import { type CommandContext, UsageError } from '../command.ts';
import { mailId } from '../services/mail-filter.ts';
import type { MailWork, Procedures } from './mail.ts';

const WHY = 'goblin mail resolve';

export function resend(context: CommandContext, [text, ...more]: readonly string[]): MailWork {
  const id = mailId(text, 'resend 17');
  if (more.length > 0) throw new UsageError('name one mail: goblin mail resend 17');
  const twice = context.flag('yes-twice') ?? false;
  return async (mail) => {
    if (!twice) await refuseUnknown(mail, id);
    const { id: sent } = await asPerson(() => mail.resend({ id, twice }));
    if (context.flag('json')) return context.printJson({ id: sent });
    context.print(
      sent === id
        ? `mail ${id} is sent again, under its own Message-ID`
        : `mail ${id} is sent once more, as mail ${sent}`,
    );
  };
}

/** Says what can be done instead. @throws FAILED_PRECONDITION */
async function refuseUnknown(mail: Procedures, id: number): Promise<void> {
  const { state, route, messageId } = await mail.get({ id });
  if (state !== 'unknown') return;
  throw new GoblinError('FAILED_PRECONDITION', {
    message: [
      `mail ${id} may have been sent: ${route} has got it, or may have, and no answer came. It is never to arrive twice, so say first:`,
      `  goblin mail resolve ${id} sent         ${messageId} is in the log of ${route}`,
      `  goblin mail resolve ${id} not-sent     it is not there; this sends it`,
      `  goblin mail resend ${id} --yes-twice   nobody knows, and it may arrive twice`,
    ].join('\n'),
  });
}

export function resolve(context: CommandContext, [text, as, ...more]: readonly string[]): MailWork {
  const id = mailId(text, 'resolve 17 sent');
  if ((as !== 'sent' && as !== 'not-sent') || more.length > 0)
    throw new UsageError(
      `say what became of mail ${id}: goblin mail resolve ${id} sent, or not-sent, which sends it`,
    );
  const why = context.text('why') ?? WHY;
  return async (mail) => {
    await asPerson(() => mail.resolve({ id, as, why }));
    if (context.flag('json')) return context.printJson(await mail.get({ id }));
    context.print(as === 'sent' ? `mail ${id} is settled as sent` : `mail ${id} is sent now`);
  };
}

function asPerson<T>(work: () => T): T {
  return callContext.run({ actor: userInfo().username }, work);
}
