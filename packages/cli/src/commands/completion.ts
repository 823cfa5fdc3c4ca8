/** `goblin completion bash`; the scripts themselves ask `goblin completion services`. */
import { ownProcesses } from '@goblin/deploy/project';
import { type CommandContext, UsageError } from '../command.ts';
import { SHELLS } from '../completion.ts';

export async function run(context: CommandContext): Promise<void> {
  const [shell] = context.positionals;
  if (shell === 'services') {
    const { model } = await context.project();
    return context.print([...Object.keys(model.services), ...ownProcesses(model)].join('\n'));
  }
  const script = shell === undefined ? undefined : SHELLS[shell];
  if (!script) throw new UsageError(`name your shell: ${Object.keys(SHELLS).join(', ')}`);
  context.io.stdout.write(script());
}
