/** `goblin routes [service …]` */
import type { Procedure } from '@goblin/core';
import type { CommandContext } from '../command.ts';
import { processConfig } from '../run/process.ts';
import { type LoadedService, loadServices } from '../services/definition.ts';
import { dryBuild } from '../services/dry-build.ts';
import { coloursFor } from '../terminal/colours.ts';
import { columns } from '../terminal/text.ts';

interface RouteLine {
  /** Who answers it. */
  readonly service: string;
  readonly kind: 'edge' | 'procedure' | 'route' | 'websocket' | 'files';
  readonly method: string;
  readonly path: string;
  /** Where the edge sends it, or what it is. */
  readonly about: string;
}

export async function run(context: CommandContext): Promise<void> {
  const project = await context.project();
  const services = await loadServices(project, context.positionals);
  const { read } = processConfig('routes', project, [], context.io.env, true);
  const own = await Promise.all(
    services.map(async (service) => linesOf(service, await dryBuild(service.name, service.definition, read))),
  );
  const lines = [...edgeLines(project.model, context.positionals), ...own.flat()];
  if (context.flag('json')) return context.printJson(lines);
  const { bold, dim } = coloursFor(context.io.stdout, context.io.env);
  context.print(
    columns(lines.map(({ service, method, path, about }) => [bold(service), method, path, dim(about)])),
  );
}

type Model = Awaited<ReturnType<CommandContext['project']>>['model'];

function edgeLines({ edge }: Model, names: readonly string[]): RouteLine[] {
  return (edge?.routes ?? [])
    .filter(
      ({ to, otherwise }) =>
        names.length === 0 || names.includes(to) || (otherwise !== undefined && names.includes(otherwise)),
    )
    .map(({ host = '', path, to, percent, otherwise, limit }) => ({
      service: 'edge',
      kind: 'edge',
      method: '*',
      path: `${host}${path}`,
      about: [
        otherwise === undefined ? `→ ${to}` : `→ ${to} ${percent ?? 100} %, else ${otherwise}`,
        ...(limit === undefined ? [] : [`at most ${limit}`]),
      ].join(', '),
    }));
}

function linesOf(
  { name, definition }: LoadedService,
  options: Awaited<ReturnType<typeof dryBuild>>,
): RouteLine[] {
  const line = (kind: RouteLine['kind'], method: string, path: string, about: string): RouteLine => ({
    service: name,
    kind,
    method,
    path,
    about,
  });
  return [
    ...Object.values<Procedure>(definition.contract.procedures).map((procedure) =>
      line('procedure', procedure.get ? 'GET, POST' : 'POST', procedure.path, procedureTraits(procedure)),
    ),
    ...Object.keys(options.routes ?? {}).map((route) => {
      const [method = '*', path = ''] = route.split(' ');
      return line('route', method, path, 'plain HTTP');
    }),
    ...Object.keys(options.sockets ?? {}).map((path) => line('websocket', 'GET', path, 'WebSocket')),
    ...Object.entries(options.files ?? {}).map(([prefix, folder]) =>
      line('files', 'GET', prefix, `files of ${folder}`),
    ),
  ];
}

function procedureTraits({ summary, idempotent, stream, deadlineMs }: Procedure): string {
  return [
    ...(summary === undefined ? [] : [summary.replace(/\.$/, '')]),
    ...(stream ? ['a stream'] : []),
    ...(idempotent ? ['idempotent'] : []),
    ...(Number.isFinite(deadlineMs) ? [`within ${deadlineMs} ms`] : []),
  ].join('; ');
}
