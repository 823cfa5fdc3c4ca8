/** `goblin mail suppress ls`, `goblin mail suppress add ada@example.com`, `goblin mail suppress rm ada@example.com` */
import { type CommandContext, UsageError } from '../command.ts';
import { mailPage } from '../services/mail-filter.ts';
import { coloursFor } from '../terminal/colours.ts';
import { oneLine } from '../terminal/mail-row.ts';
import { columns } from '../terminal/text.ts';
import { localTime } from '../terminal/when.ts';
import type { MailWork } from './mail.ts';

export function suppress(context: CommandContext, [what, ...more]: readonly string[]): MailWork {
  const [address] = more;
  if (what !== 'ls' && what !== 'add' && what !== 'rm')
    throw new UsageError('say what to do: goblin mail suppress ls, add or rm');
  if (more.length > 1 || (what !== 'ls' && address === undefined))
    throw new UsageError(`name one address: goblin mail suppress ${what} ada@example.com`);
  if (what === 'ls') return list(context, address);
  return what === 'add' ? add(context, address!) : remove(context, address!);
}

function list(context: CommandContext, address: string | undefined): MailWork {
  const page = mailPage(context);
  return async (mail) => {
    const wanted = { ...page, ...(address !== undefined && { address }) };
    const { addresses } = await (page.full ? mail.suppressionsFull(wanted) : mail.suppressions(wanted));
    if (context.flag('json')) return context.printJson(addresses);
    if (addresses.length === 0) return context.print('no address is suppressed');
    const { dim } = coloursFor(context.io.stdout, context.io.env);
    const rows = addresses.map((one) => [
      String(one.id),
      one.address,
      one.owner,
      one.reason,
      localTime(one.createdAt),
      oneLine(one.detail ?? ''),
    ]);
    context.print(columns([['ID', 'ADDRESS', 'SERVICE', 'REASON', 'SINCE', 'WHAT'].map(dim), ...rows]));
  };
}

function add(context: CommandContext, address: string): MailWork {
  const detail = context.text('why');
  return async (mail) => {
    const { owners } = await mail.suppress({
      address,
      ...serviceOf(context),
      ...(detail !== undefined && { detail }),
    });
    if (context.flag('json')) return context.printJson({ owners });
    context.print(`${address} gets no more mail from ${owners.join(', ')}`);
  };
}

function remove(context: CommandContext, address: string): MailWork {
  return async (mail) => {
    const { owners } = await mail.unsuppress({ address, ...serviceOf(context) });
    if (context.flag('json')) context.printJson({ owners });
    else if (owners.length === 0) context.print(`${address} was not suppressed`);
    else context.print(`${address} gets mail from ${owners.join(', ')} again`);
    return owners.length === 0 ? 1 : 0;
  };
}

function serviceOf(context: CommandContext): { readonly owner?: string } {
  const owner = context.text('service');
  return owner === undefined ? {} : { owner };
}
