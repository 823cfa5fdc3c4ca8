/** `goblin up`: runs the project, and shows it: on a terminal the logs with a live table below, elsewhere plain lines,
 * with --json events for programs. */
import { type EdgeRoute, prettyLine, wantsColour } from '@goblin/core';
import { EDGE, type EngineStatus, type LogRecord, type ProcessEngine, processEngine } from '@goblin/deploy';
import type { CommandContext } from '../command.ts';
import { onSignals } from '../run/signals.ts';
import { palantirLink } from '../services/palantir-link.ts';
import { coloursFor } from '../terminal/colours.ts';
import { liveScreen } from '../terminal/live-screen.ts';
import { statusTable } from '../terminal/status-table.ts';
import { columns } from '../terminal/text.ts';

/** How what happens is shown. */
interface View {
  record(record: LogRecord): void;
  changed(status: EngineStatus): void;
  /** Everything is ready for the first time. */
  ready(status: EngineStatus, tookMs: number): void;
  close(): void;
}

/** What is told when everything is ready. */
interface Places {
  readonly routes: readonly EdgeRoute[];
  readonly dataFolder: string;
}

export async function run(context: CommandContext): Promise<number> {
  const { io } = context;
  const port = context.text('port') ?? io.env.GOBLIN_PORT;
  const host = context.text('host') ?? io.env.GOBLIN_HOST;
  // The config file may want to know it.
  if (port !== undefined) process.env.GOBLIN_PORT = port;
  const project = await context.project();
  const startMs = performance.now();
  let engine: ProcessEngine | undefined;
  let wasReady = false;
  const view = viewOf(context, () => engine?.status(), {
    routes: project.model.edge?.routes ?? [],
    dataFolder: project.dataFolder,
  });

  function changed(): void {
    if (!engine) return;
    const status = engine.status();
    view.changed(status);
    if (wasReady || status.services.some(({ state }) => state !== 'ready' && state !== 'stopped')) return;
    wasReady = true;
    view.ready(status, performance.now() - startMs);
  }

  const stop = Promise.withResolvers<void>();
  onSignals(
    () => stop.resolve(),
    () => {
      view.close();
      engine?.kill();
    },
  );
  // Nobody reads the output any more.
  process.stdout.on('error', () => stop.resolve());
  try {
    engine = await processEngine(project, {
      command: [process.execPath, io.bin],
      env: io.env,
      edgeArgs: [
        ...(port === undefined ? [] : ['--port', port]),
        ...(host === undefined ? [] : ['--host', host]),
      ],
      watch: context.flag('watch') ?? true,
      onRecord: (record) => view.record(record),
      onChange: changed,
    });
    changed();
    await stop.promise;
    await engine.stop();
    return 0;
  } finally {
    view.close();
  }
}

function viewOf(context: CommandContext, status: () => EngineStatus | undefined, places: Places): View {
  if (context.flag('json')) return jsonView(context);
  return context.io.stdout.isTTY ? terminalView(context, status, places) : plainView(context, places);
}

function jsonView(context: CommandContext): View {
  const tell = (event: object): void => context.print(JSON.stringify(event));
  return {
    record: (record) => tell({ event: 'log', ...record }),
    changed: (status) => tell({ event: 'status', ...status }),
    ready: (status) => tell({ event: 'ready', url: edgeUrl(status) }),
    close: () => {},
  };
}

function plainView(context: CommandContext, places: Places): View {
  const shown = new Map<string, string>();
  return {
    record: (record) => context.print(prettyLine(record)),
    changed({ services, state }) {
      if (state === 'stopping') return;
      for (const { service, state: health, ready, wanted } of services) {
        const line = `${service}: ${health}, ${ready} of ${wanted} ready`;
        if (shown.get(service) !== line) context.print(line);
        shown.set(service, line);
      }
    },
    ready: (status, tookMs) => context.print(urls(status, tookMs, places)),
    close: () => {},
  };
}

function terminalView(context: CommandContext, status: () => EngineStatus | undefined, places: Places): View {
  const { stdout, env } = context.io;
  const colours = coloursFor(stdout, env);
  const colour = wantsColour(stdout, env);
  const screen = liveScreen(stdout, () => {
    const now = status();
    return now ? ['', ...statusTable(now, colours), colours.dim(footer(now))] : [];
  });
  return {
    record: (record) => screen.log(prettyLine(record, { colour })),
    changed: () => screen.changed(),
    ready: (now, tookMs) => screen.log(colours.bold(urls(now, tookMs, places))),
    close: () => screen.close(),
  };
}

function footer(status: EngineStatus): string {
  const url = edgeUrl(status);
  const state = status.state === 'stopping' ? 'stopping' : 'Ctrl-C stops';
  return [status.name, ...(url === undefined ? [] : [url]), state].join('  ·  ');
}

function edgeUrl({ services }: EngineStatus): string | undefined {
  const url = services.find(({ service }) => service === EDGE)?.instances[0]?.url;
  return url?.replace('//127.0.0.1:', '//localhost:');
}

/** Where people go. */
function urls(status: EngineStatus, tookMs: number, { routes, dataFolder }: Places): string {
  const head = `${status.name} is ready after ${(tookMs / 1_000).toFixed(1)} s`;
  const url = edgeUrl(status);
  const lines =
    url === undefined ? [] : routes.map(({ path, to }) => [`  ${url}${path.replace(/\*$/, '')}`, to]);
  const palantir = palantirLink(status, dataFolder);
  if (palantir !== undefined) lines.push([`  ${palantir}`, 'palantir: what runs, and how']);
  return lines.length === 0 ? head : `${head}\n${columns(lines)}`;
}
