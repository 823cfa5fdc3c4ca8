/** `goblin mail routes`: by which ways mails leave, and how well these do, as each process sees it. */
import { type CommandContext, UsageError } from '../command.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { oneLine } from '../terminal/mail-row.ts';
import { columns } from '../terminal/text.ts';
import { localTime } from '../terminal/when.ts';
import type { MailWork, Procedures } from './mail.ts';

type RouteState = Awaited<ReturnType<Procedures['routes']>>['routes'][number];

export function routes(context: CommandContext, more: readonly string[]): MailWork {
  if (more.length > 0) throw new UsageError('goblin mail routes takes options only');
  return async (mail) => {
    const states = (await mail.routes({})).routes;
    if (context.flag('json')) return context.printJson(states);
    if (states.length === 0) return context.print('no service that sends mail runs');
    const colours = coloursFor(context.io.stdout, context.io.env);
    const head = ['ROUTE', 'SERVICE', 'PROCESS', 'RATE', 'SENT/MIN', 'HEALTH', 'BREAKER', 'FAILED'];
    const rows = states.map((state, index) => {
      const { owner, name } = states[index - 1] ?? {};
      return routeRow(state, state.owner === owner && state.name === name, colours);
    });
    context.print(
      columns(
        [head.map(colours.dim), ...rows],
        ['left', 'left', 'left', 'right', 'right', 'right', 'left', 'left'],
      ),
    );
  };
}

/** @param isSame another process has the same route, whose rate and count are for all of them. */
function routeRow(state: RouteState, isSame: boolean, colours: Colours): string[] {
  const { owner, name, instance, rate, sentLastMinute, health, failedAt, failure } = state;
  return [
    isSame ? '' : colours.bold(name),
    isSame ? '' : owner,
    instance,
    isSame ? '' : (rate ?? '-'),
    isSame ? '' : String(sentLastMinute),
    `${Math.round(health * 100)} %`,
    breaker(state, colours),
    failedAt === null ? '-' : `${localTime(failedAt)}  ${oneLine(failure ?? '')}`,
  ];
}

function breaker({ restsUntil }: RouteState, { green, yellow, red }: Colours): string {
  if (restsUntil === null) return green('closed');
  return Date.parse(restsUntil) > Date.now()
    ? red(`open until ${localTime(restsUntil)}`)
    : yellow('open, tried by the next mail');
}
