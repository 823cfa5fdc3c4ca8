/** `goblin mail ls --state unknown`, `goblin mail show 17`, `goblin mail resend 17`, `goblin mail resolve 17 sent`,
 * `goblin mail suppress ls`, `goblin mail routes` */
import { installMail, mailProcedures } from '@goblin/mail/procedures';
import { type CommandContext, UsageError } from '../command.ts';
import { mailId, mailSelection } from '../services/mail-filter.ts';
import { projectDatabase } from '../services/project-database.ts';
import { coloursFor } from '../terminal/colours.ts';
import { colouredState, mailHead, mailRow, oneLine, written } from '../terminal/mail-row.ts';
import { columns } from '../terminal/text.ts';
import { localTime } from '../terminal/when.ts';
import { resend, resolve } from './mail-decide.ts';
import { routes } from './mail-routes.ts';
import { suppress } from './mail-suppress.ts';

export type Procedures = ReturnType<typeof mailProcedures>;
/** What is left to do when the arguments are understood. */
export type MailWork = (mail: Procedures) => Promise<number | void>;

export async function run(context: CommandContext): Promise<number | void> {
  const work = understood(context);
  await using db = await projectDatabase(await context.project(), context.io.env);
  await installMail(db);
  return await work(mailProcedures(db));
}

/** @throws UsageError */
function understood(context: CommandContext): MailWork {
  const [what, ...more] = context.positionals;
  switch (what) {
    case 'ls':
      return list(context, more);
    case 'show':
      return show(context, more);
    case 'resend':
      return resend(context, more);
    case 'resolve':
      return resolve(context, more);
    case 'suppress':
      return suppress(context, more);
    case 'routes':
      return routes(context, more);
    default:
      throw new UsageError('say what to do: goblin mail ls, show, resend, resolve, suppress or routes');
  }
}

function list(context: CommandContext, more: readonly string[]): MailWork {
  if (more.length > 0)
    throw new UsageError(
      'goblin mail ls takes options only, such as --state unknown or --to ada@example.com',
    );
  const selection = mailSelection(context);
  return async (mail) => {
    const { mails } = await (selection.full ? mail.listFull(selection) : mail.list(selection));
    if (context.flag('json')) return context.printJson(mails);
    if (mails.length === 0) return context.print('no mail matches');
    const colours = coloursFor(context.io.stdout, context.io.env);
    const head = mailHead(selection.full).map(colours.dim);
    context.print(columns([head, ...mails.map((one) => mailRow(one, colours))]));
  };
}

function show(context: CommandContext, [text, ...more]: readonly string[]): MailWork {
  const id = mailId(text, 'show 17');
  if (more.length > 0) throw new UsageError('name one mail: goblin mail show 17');
  return async (procedures) => {
    const mail = await procedures.get({ id });
    const content = context.flag('full') ? await procedures.content({ id }) : undefined;
    if (context.flag('json')) return context.printJson({ ...mail, ...content });
    const colours = coloursFor(context.io.stdout, context.io.env);
    const time = (iso: string | null): string => (iso === null ? '' : localTime(iso));
    const isOpen = mail.state !== 'sent' && mail.state !== 'queued';
    const facts: [string, string][] = [
      ['mail', `${mail.id}  ${mail.kind}`],
      ['key', oneLine(mail.key)],
      ['service', mail.owner],
      ['tenant', mail.tenant ?? ''],
      ['state', colouredState(mail.state, colours)],
      ['reason', isOpen ? colours.red(oneLine(mail.answer ?? '')) : ''],
      ['policy', mail.policy],
      ['to', mail.to.map(written).join(', ')],
      ['cc', mail.cc.map(written).join(', ')],
      ['bcc', mail.bcc.map(written).join(', ')],
      ['subject', mail.subject ?? ''],
      ['copy of', mail.resentFrom === null ? '' : String(mail.resentFrom)],
      ['route', mail.route ?? ''],
      ['Message-ID', mail.messageId ?? ''],
      ['provider’s id', mail.providerId ?? ''],
      ['written', time(mail.createdAt)],
      ['handed over', time(mail.handedOverAt)],
      ['settled', time(mail.settledAt)],
      ['delivered', time(mail.deliveredAt)],
      ['bounced', time(mail.bouncedAt)],
    ];
    context.print(
      columns(facts.filter(([, fact]) => fact !== '').map(([name, fact]) => [colours.dim(name), fact])),
    );
    if (mail.attempts.length > 0) {
      const head = ['ATTEMPT', 'ROUTE', 'OUTCOME', 'ANSWER'].map(colours.dim);
      const rows = mail.attempts.map((attempt) => [
        localTime(attempt.at),
        attempt.route || '-',
        attempt.outcome,
        oneLine(attempt.answer),
      ]);
      context.print(`\n${columns([head, ...rows])}`);
    }
    if (content) context.print(`\n${content.text}`);
  };
}
