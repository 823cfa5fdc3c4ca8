/** `goblin run <service>`: the process of one instance. What it loads decides how fast a service starts. */
import { EDGE } from '@goblin/deploy/project';
import { type CommandContext, UsageError } from '../command.ts';
import { platformProcess } from '../run/process.ts';
import { serviceNamed } from '../services/definition.ts';

export async function run(context: CommandContext): Promise<number> {
  const { io, positionals, rest } = context;
  const [name] = positionals;
  if (name === undefined) throw new UsageError('name the service to run: goblin run <service>');
  const project = await context.project();
  if (context.flag('help')) {
    const { serviceHelp } = await import('../services/service-help.ts');
    context.print(await serviceHelp(project, name, io.env));
    return 0;
  }
  const { edge } = project.model;
  const model = name === EDGE && edge ? undefined : serviceNamed(project, name);
  const self = await platformProcess(name, project, rest, { ...model?.env, ...io.env });
  if (model?.kind === 'service') {
    const { runService } = await import('../run/run-service.ts');
    return runService(self, model);
  }
  if (model?.kind === 'program') {
    const { runProgram } = await import('../run/run-program.ts');
    return runProgram(self, model);
  }
  const { runEdge } = await import('../run/run-edge.ts');
  return runEdge(self, edge!);
}
