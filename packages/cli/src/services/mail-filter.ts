/** The options and arguments of `goblin mail` that say which mails and addresses are meant. */
import { type CommandContext, UsageError } from '../command.ts';
import { timeOf, wholeNumber } from './audit-filter.ts';

const STATES = ['queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed'] as const;
const DEFAULT_LISTED = 100;
const MAX_LISTED = 500;

export interface MailPage {
  readonly owner?: string;
  readonly limit: number;
  readonly before?: number;
  readonly full: boolean;
}

export interface MailSelection extends MailPage {
  readonly state?: (typeof STATES)[number];
  readonly kind?: string;
  readonly key?: string;
  readonly recipient?: string;
  readonly messageId?: string;
  readonly tenant?: string;
  readonly since?: string;
}

/** @throws UsageError */
export function mailSelection(context: CommandContext): MailSelection {
  const { text } = context;
  const state = STATES.find((known) => known === text('state'));
  if (text('state') !== undefined && !state)
    throw new UsageError(`--state is one of ${STATES.join(', ')}, not ${JSON.stringify(text('state'))}`);
  const since = timeOf(context, 'since');
  const texts = {
    kind: text('kind'),
    key: text('key'),
    recipient: text('to'),
    messageId: text('message-id'),
    tenant: text('tenant'),
  };
  return {
    ...mailPage(context),
    ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)),
    ...(state && { state }),
    ...(since && { since: since.toISOString() }),
  };
}

/** @throws UsageError */
export function mailPage(context: CommandContext): MailPage {
  const limit = wholeNumber(context, 'limit') ?? DEFAULT_LISTED;
  if (limit < 1 || limit > MAX_LISTED) throw new UsageError(`--limit is 1 to ${MAX_LISTED}`);
  const before = wholeNumber(context, 'before');
  const owner = context.text('service');
  return {
    limit,
    full: context.flag('full') ?? false,
    ...(owner !== undefined && { owner }),
    ...(before !== undefined && { before }),
  };
}

/** @throws UsageError */
export function mailId(text: string | undefined, command: string): number {
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  const given = text === undefined ? '' : `, not ${JSON.stringify(text)}`;
  throw new UsageError(
    `a mail is named by its number, as goblin mail ls shows it${given}: goblin mail ${command}`,
  );
}
