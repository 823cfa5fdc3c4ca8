/** `goblin openapi [service …]` */
import { openApiOf } from '@goblin/core';
import type { CommandContext } from '../command.ts';
import { loadServices } from '../services/definition.ts';

export async function run(context: CommandContext): Promise<void> {
  const project = await context.project();
  const services = await loadServices(project, context.positionals);
  const title = context.positionals.length === 1 ? {} : { title: project.model.name };
  context.printJson(
    openApiOf(
      services.map(({ definition }) => definition.contract),
      title,
    ),
  );
}
