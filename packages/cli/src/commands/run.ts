/** `goblin run <service>`: the process of one instance. What it loads decides how fast a service starts. */
import { type SupervisorLink, supervisorLink } from '@goblin/deploy/instance';
import { BACKUP, ownProcesses, PALANTIR } from '@goblin/deploy/project';
import { type CommandContext, UsageError } from '../command.ts';
import { platformProcess } from '../run/process.ts';
import { serviceNamed } from '../services/definition.ts';

export async function run(context: CommandContext): Promise<number> {
  const [name] = context.positionals;
  if (name === undefined) throw new UsageError('name the service to run: goblin run <service>');
  if (context.flag('help')) {
    const { serviceHelp } = await import('../services/service-help.ts');
    context.print(await serviceHelp(await context.project(), name, context.io.env));
    return 0;
  }
  const supervisor = supervisorLink();
  try {
    return await serve(context, name, supervisor);
  } catch (error) {
    supervisor?.tell({ goblin: 'failed', message: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    // The channel alone would keep the process alive.
    process.disconnect?.();
  }
}

async function serve(
  context: CommandContext,
  name: string,
  supervisor: SupervisorLink | undefined,
): Promise<number> {
  const project = await context.project();
  const { edge, backup, palantir } = project.model;
  const model = ownProcesses(project.model).includes(name) ? undefined : serviceNamed(project, name);
  const env = { ...model?.env, ...context.io.env };
  const self = await platformProcess({ name, project, argv: context.rest, env, supervisor });
  if (model?.kind === 'service') {
    const { runService } = await import('../run/run-service.ts');
    return runService(self, model);
  }
  if (model?.kind === 'program') {
    const { runProgram } = await import('../run/run-program.ts');
    return runProgram(self, model);
  }
  if (name === BACKUP) {
    const { runBackup } = await import('../run/run-backup.ts');
    return runBackup(self, backup!, env);
  }
  if (name === PALANTIR) {
    const { runPalantir } = await import('../run/run-palantir.ts');
    return runPalantir(self, palantir!);
  }
  const { runEdge } = await import('../run/run-edge.ts');
  return runEdge(self, edge!);
}
