/** `goblin scale tax=3` */
import { controlClient } from '@goblin/deploy';
import { type CommandContext, UsageError } from '../command.ts';

export async function run(context: CommandContext): Promise<void> {
  const wanted = Object.fromEntries(context.positionals.map(parseWanted));
  if (Object.keys(wanted).length === 0)
    throw new UsageError('say which service and how many: goblin scale tax=3');
  const { dataFolder } = await context.project();
  const { services } = await controlClient(dataFolder).scale(wanted);
  const scaled = services.filter(({ service }) => Object.hasOwn(wanted, service));
  if (context.flag('json')) return context.printJson(scaled);
  for (const { service, ready, wanted } of scaled) context.print(`${service}: ${ready} of ${wanted} ready`);
}

function parseWanted(word: string): [string, number] {
  const match = /^([^=]+)=(\d+)$/.exec(word);
  if (!match)
    throw new UsageError(`${JSON.stringify(word)} is not of the form service=instances, such as tax=3`);
  return [match[1]!, Number(match[2])];
}
