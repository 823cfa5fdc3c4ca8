/** Commands about the command itself. */
import type { CommandSpec } from '../command.ts';

export const SHELL: readonly CommandSpec[] = [
  {
    name: 'completion',
    summary: 'Print the completion script for a shell',
    usage: '<bash | zsh | fish>',
    examples: [
      'source <(goblin completion bash)',
      'goblin completion fish > ~/.config/fish/completions/goblin.fish',
    ],
    completes: ['bash', 'zsh', 'fish'],
    load: () => import('../commands/completion.ts'),
  },
  {
    name: 'help',
    summary: 'Show how to use a command',
    usage: '[command]',
    completes: 'commands',
    load: () => import('../commands/help.ts'),
  },
];
