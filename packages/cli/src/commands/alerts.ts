/** `goblin alerts` */
import { userInfo } from 'node:os';
import { milliseconds } from '@goblin/core';
import type { Alert, Matcher, Rule, Silence } from '@goblin/palantir';
import { type CommandContext, UsageError } from '../command.ts';
import { type PalantirClient, palantirClient } from '../services/palantir-client.ts';
import { type Colours, coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';
import { duration, localTime } from '../terminal/when.ts';

type Work = (palantir: PalantirClient, context: CommandContext, colours: Colours) => Promise<number | void>;

export async function run(context: CommandContext): Promise<number | void> {
  const [word = 'ls', ...more] = context.positionals;
  const work = workOf(word, more, context);
  return work(await palantirClient(context), context, coloursFor(context.io.stdout, context.io.env));
}

function workOf(word: string, more: readonly string[], context: CommandContext): Work {
  switch (word) {
    case 'ls':
      return list;
    case 'rules':
      return rules;
    case 'silences':
      return silences;
    case 'silence':
      return silence(more.map(matcherOf), context);
    case 'unsilence':
      if (more.length !== 1)
        throw new UsageError('name the silence by its number: goblin alerts unsilence 3');
      return async (palantir) => {
        const by = new URLSearchParams({ by: whoOf(context) });
        await palantir.remove(`/palantir/silences/${encodeURIComponent(more[0]!)}?${by}`);
        context.print(`silence ${more[0]} is over`);
      };
    default:
      throw new UsageError(`${JSON.stringify(word)} is none of ls, rules, silences, silence, unsilence`);
  }
}

/** Exit code 1 while something fires that is not muted, for scripts. */
const list: Work = async (palantir, context, colours) => {
  const { alerts } = await palantir.get<{ alerts: Alert[] }>('/palantir/alerts');
  const raised = alerts.filter(({ state, mutedBy }) => state === 'firing' && mutedBy === undefined);
  const code = raised.length > 0 ? 1 : 0;
  if (context.flag('json')) {
    context.printJson(alerts);
    return code;
  }
  if (alerts.length === 0) {
    context.print(colours.green('nothing fires'));
    return code;
  }
  const nowMs = Date.now();
  context.print(
    columns(
      alerts.map((alert) => [
        stateOf(alert, colours),
        alert.severity,
        alert.service || '-',
        alert.rule,
        colours.dim(duration((nowMs - (alert.firedAtMs ?? alert.sinceMs)) / 1_000)),
        alert.mutedBy === undefined
          ? alert.summary
          : colours.dim(`${alert.summary} (muted: ${alert.mutedBy})`),
      ]),
    ),
  );
  return code;
};

function stateOf({ state, mutedBy, isFlapping }: Alert, { dim, green, red, yellow }: Colours): string {
  if (mutedBy !== undefined) return dim(state);
  if (isFlapping) return yellow('flapping');
  return { firing: red('firing'), pending: yellow('pending'), resolved: green('resolved') }[state];
}

const rules: Work = async (palantir, context, { bold, dim }) => {
  const { rules: all } = await palantir.get<{ rules: Rule[] }>('/palantir/alerts');
  if (context.flag('json')) return context.printJson(all);
  context.print(
    columns(
      all.map(({ name, severity, condition, source }) => [bold(name), severity, condition.kind, dim(source)]),
    ),
  );
};

const silences: Work = async (palantir, context, { dim }) => {
  const all = await palantir.get<Silence[]>('/palantir/silences');
  if (context.flag('json')) return context.printJson(all);
  if (all.length === 0) return context.print('nothing is silenced');
  const nowMs = Date.now();
  context.print(
    columns(
      all.map(({ id, matchers, untilMs, author, comment }) => [
        String(id),
        matchers.map(({ label, op, value }) => `${label}${op}${value}`).join(' '),
        untilMs > nowMs ? `until ${localTime(new Date(untilMs).toISOString())}` : dim('over'),
        author,
        comment,
      ]),
    ),
  );
};

function silence(matchers: readonly Matcher[], context: CommandContext): Work {
  const comment = context.text('why');
  if (matchers.length === 0)
    throw new UsageError('say what to silence: goblin alerts silence rule=ServiceDown service=tax --why …');
  if (comment === undefined) throw new UsageError('say why, for all others to see: --why <text>');
  const forMs = milliseconds(context.text('for') ?? '1h');
  return async (palantir) => {
    const untilMs = Date.now() + forMs;
    const body = { matchers, untilMs, author: whoOf(context), comment };
    const { id } = await palantir.post<Silence>('/palantir/silences', body);
    context.print(`silence ${id} until ${localTime(new Date(untilMs).toISOString())}`);
  };
}

function matcherOf(text: string): Matcher {
  const [, label, op, value] = /^([A-Za-z_][\w.]*)(!=|=~|!~|=)(.*)$/s.exec(text) ?? [];
  if (label === undefined)
    throw new UsageError(`${JSON.stringify(text)} is no matcher: write label=value, !=, =~ or !~`);
  return { label, op: op as Matcher['op'], value: value! };
}

export function whoOf(context: CommandContext): string {
  return context.text('by') ?? context.io.env.USER ?? userInfo().username;
}
