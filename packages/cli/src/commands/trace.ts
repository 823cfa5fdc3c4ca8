/** `goblin trace [id | query]` */
import { milliseconds } from '@goblin/core';
import type { LogLine, TraceSummary } from '@goblin/palantir';
import { type CommandContext, UsageError } from '../command.ts';
import { type PalantirClient, palantirClient } from '../services/palantir-client.ts';
import { coloursFor } from '../terminal/colours.ts';
import { type ShownSpan, spanTree } from '../terminal/span-tree.ts';
import { columns } from '../terminal/text.ts';
import { localTime } from '../terminal/when.ts';

const ID = /^[0-9a-f]{32}$/i;

export async function run(context: CommandContext): Promise<void> {
  const [given, ...more] = context.positionals;
  if (more.length > 0) throw new UsageError(`write one query in quotes: goblin trace '{ status = error }'`);
  const palantir = await palantirClient(context);
  if (given !== undefined && ID.test(given)) return show(context, palantir, given.toLowerCase());
  const found = await palantir.get<TraceSummary[]>('/palantir/traces', {
    query: given,
    start: String((Date.now() - milliseconds(context.text('since') ?? '1h')) / 1_000),
    limit: context.text('limit') ?? '20',
  });
  if (context.flag('json')) return context.printJson(found);
  if (found.length === 0) return context.print('no trace matches');
  const { dim, red } = coloursFor(context.io.stdout, context.io.env);
  const rows = found.map(
    ({ traceId, startMs, durationMs, rootService, rootName, spans, errors, services }) => [
      traceId,
      localTime(new Date(startMs).toISOString()),
      `${durationMs.toFixed(durationMs < 10 ? 1 : 0)} ms`,
      rootService === undefined ? dim('its root has not come yet') : `${rootService} ${rootName}`,
      `${spans} spans`,
      errors > 0 ? red(`${errors} failed`) : dim('ok'),
      dim(services.join(' ')),
    ],
  );
  context.print(columns(rows, ['left', 'left', 'right']));
}

async function show(context: CommandContext, palantir: PalantirClient, id: string): Promise<void> {
  const trace = await palantir.get<{ summary: TraceSummary; spans: ShownSpan[] }>(`/palantir/traces/${id}`);
  const logs = context.flag('logs') ? await linesOf(palantir, id) : [];
  if (context.flag('json')) return context.printJson({ ...trace, ...(context.flag('logs') && { logs }) });
  const { stdout, env } = context.io;
  const colours = coloursFor(stdout, env);
  for (const line of spanTree(trace.spans, colours, stdout.columns)) context.print(line);
  if (logs.length === 0) return;
  context.print('');
  context.print(
    columns(
      logs.map(({ atMs, service, body }) => [
        colours.dim(new Date(atMs).toISOString().slice(11, 23)),
        service,
        body,
      ]),
    ),
  );
}

async function linesOf(palantir: PalantirClient, id: string): Promise<LogLine[]> {
  const { lines } = await palantir.get<{ lines: LogLine[] }>(`/palantir/traces/${id}/logs`);
  return lines;
}
