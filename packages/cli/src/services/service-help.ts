/** `goblin run <service> --help`: the service as a command-line tool, with its settings as options. */
import type { Project } from '@goblin/deploy/project';
import type { Io } from '../command.ts';
import { columns } from '../terminal/text.ts';
import { settingsOf, type ValuedSetting } from './settings.ts';

export async function serviceHelp(project: Project, name: string, env: Io['env']): Promise<string> {
  const settings = await settingsOf(project, name, env);
  const options = settings.filter(({ secret }) => !secret);
  const secrets = settings.filter(({ secret }) => secret);
  return [
    `Usage: goblin run ${name} [settings]`,
    `Settings (as options, or in the environment by the names at the right):\n${columns(options.map(optionRow))}`,
    ...(secrets.length > 0
      ? [`Secrets (in files, never as options):\n${columns(secrets.map(secretRow))}`]
      : []),
  ].join('\n\n');
}

function optionRow(setting: ValuedSetting): string[] {
  return [`  ${setting.flag} <${setting.type}>`, explanation(setting), setting.name];
}

function secretRow(setting: ValuedSetting): string[] {
  return [`  ${setting.name}`, explanation(setting), `${setting.name}_FILE`];
}

function explanation({ description, required, default: fallback, value, source }: ValuedSetting): string {
  const parts = [description];
  if (required) parts.push(value === undefined ? 'required, and missing now' : 'required');
  else if (fallback !== undefined && String(fallback) !== '') parts.push(`default ${String(fallback)}`);
  if (source !== undefined && source !== 'default') parts.push(`now from ${source}`);
  return parts.filter(Boolean).join('; ');
}
