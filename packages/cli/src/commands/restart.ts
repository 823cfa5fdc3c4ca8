/** `goblin restart tax` */
import { controlClient, type EngineStatus } from '@goblin/deploy';
import { type CommandContext, UsageError } from '../command.ts';

export async function run(context: CommandContext): Promise<void> {
  const { positionals } = context;
  if (positionals.length === 0) throw new UsageError('name a service or an instance: goblin restart tax');
  const { dataFolder } = await context.project();
  const control = controlClient(dataFolder);
  let status: EngineStatus | undefined;
  for (const name of positionals) {
    status = await control.restart(name);
    if (!context.flag('json')) context.print(`${name} was replaced`);
  }
  if (context.flag('json')) context.printJson(status?.services);
}
