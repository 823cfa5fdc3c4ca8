/** Palantir as a service: what keeps telemetry, where it is sent to and fetched from, how it is asked for, who is told, and the pages that
 * show it. */
import { hostname } from 'node:os';
import {
  type Clock,
  contract,
  type Logger,
  type Metrics,
  type Module,
  PALANTIR_PORT,
  type ServiceDefinition,
  serve,
  systemClock,
} from '@goblin/core';
import { alertRoutes } from './alerts/alert-routes.ts';
import { type Alerts, createAlerts } from './alerts/engine.ts';
import { ingestRoutes } from './api/ingest-routes.ts';
import { logsRoutes } from './api/logs-routes.ts';
import { prometheusRoutes } from './api/prometheus-routes.ts';
import { statsRoute } from './api/stats-route.ts';
import { tracesRoutes } from './api/traces-routes.ts';
import type { ChangeLog } from './changes/change.ts';
import { createChangeLog } from './changes/change-log.ts';
import { changesLogged } from './changes/changes-logged.ts';
import type { Collector } from './collect/collector.ts';
import { dockerSwarm } from './collect/docker/docker-swarm.ts';
import { toldHealth } from './collect/docker/told-health.ts';
import { logFiles } from './collect/log-files/log-files.ts';
import { type NodeAgent, nodeAgent } from './collect/node/node-agent.ts';
import type { WatchedProcess } from './collect/node/processes.ts';
import { ownSamples } from './collect/own-samples.ts';
import type { KnownPeer } from './collect/scrape/silent-peers.ts';
import { type WantedCollectors, wantedCollectors } from './collect/wanted.ts';
import type { ErrorGroups } from './errors/error-group.ts';
import { createErrorGroups } from './errors/error-groups.ts';
import { errorRoutes } from './errors/error-routes.ts';
import { createExports, type Exports } from './export/exports.ts';
import { federateRoute } from './export/federate-route.ts';
import { createIncidentResponse, type IncidentResponse } from './incidents/incident-response.ts';
import { liveRoutes } from './live/live-routes.ts';
import { liveWall } from './live/live-wall.ts';
import type { SettingsTrouble } from './live/wall-state.ts';
import type { LogLine } from './model.ts';
import type { SendMail } from './notify/notifiers/setup.ts';
import {
  lastGoodSettings,
  type Problem,
  problemLine,
  type Settings,
  type SettingsWatch,
  watchSettings,
} from './settings/index.ts';
import { settingsRoutes } from './settings/settings-routes.ts';
import { sloRoutes } from './slo/slo-routes.ts';
import { sloSummaries } from './slo/slo-summaries.ts';
import { createSlos } from './slo/slos.ts';
import { openState, type StateDatabase } from './state/state-database.ts';
import { openStore, type StoreOptions, type TelemetryStore } from './store/store.ts';
import type { SwarmSource, SwarmState } from './swarm/swarm-state.ts';
import { swarmWatch } from './swarm/swarm-watch.ts';
import { createAccess } from './web/access.ts';
import { loadPages } from './web/pages.ts';

/** It is spoken to in the protocols of others. */
export const palantirContract = contract('palantir.v1', {});

/** What a request may have as it is sent; unpacked it may be 16 MB. */
const MAX_BODY = '8mb';
const MISTAKES_HELP = 'Mistakes in the newest files of settings, which are not in use then.';

export interface PalantirOptions extends Pick<StoreOptions, 'folder' | 'retention'> {
  /** Of the app model. */
  readonly app: string;
  /** What readers show; see web/access.ts. */
  readonly token: string;
  /** Where people reach its pages, for links in messages. Default `http://localhost:7070`. */
  readonly baseUrl?: string;
  /** Host names that it is reached by, besides those of loopback. */
  readonly hosts?: readonly string[];
  /** Who is there, by the mesh's directory: those that do not send are scraped. */
  readonly peers?: () => readonly KnownPeer[];
  /** Who knows what runs. */
  readonly swarm?: readonly SwarmSource[];
  /** The folder of log files that supervised processes write. */
  readonly logs?: string;
  /** The folder of rules, notifiers and dashboards (settings/). One that is not there is empty. */
  readonly settings?: string;
  /** How mails leave. Without it none do. */
  readonly sendMail?: SendMail;
}

/** @example await startHost(palantir({ app: 'shop', folder: '.goblin/palantir', retention: { days: 7, bytes: 5e9 }, token }), …) */
export function palantir(options: PalantirOptions): ServiceDefinition<typeof palantirContract> {
  return serve(palantirContract, {}, async (app) => {
    const { log, metrics } = app.telemetry;
    const clock = systemClock;
    const store = await app.use(storeModule(options));
    const state = await app.use(stateModule(options.folder));
    const changes = createChangeLog(state);
    const errors = await app.use(errorsModule(state, store));
    const tools = { store, state, clock, log, metrics, fetch };
    const docker = dockerSources(clock, store);
    const sources = (): readonly SwarmSource[] => [...(options.swarm ?? []), ...docker(settings.settings)];
    const swarm = swarmWatch(sources, { changes, log });
    const agent = nodeAgent(tools, { processes: () => processesOf(swarm.state) });
    /** As seen last, with how busy this machine is. */
    const seen = (): SwarmState => withShares(swarm.state, hostname(), agent.shares);

    const response = createIncidentResponse({
      ...{ state, clock, log, metrics, fetch, changes, errors },
      baseUrl: options.baseUrl ?? `http://localhost:${PALANTIR_PORT}`,
      flows: () => wall.flows,
      isAlive: () => alerts.isAlive,
      ...(options.sendMail && { sendMail: options.sendMail }),
    });
    const alerts = createAlerts({
      ...{ state, clock, log, errors, changes, metrics: store, logs: store, telemetryMetrics: metrics },
      sink: response.incidents,
      swarm: seen,
    });
    const wanted = wantedCollectors({ ...tools, peers: othersOf(options, app.instance) });
    const exports = createExports(tools);
    const settings: SettingsWatch = await app.use(
      settingsModule(options, { state, alerts, response, wanted, exports, changes, log, metrics, clock }),
    );

    const slos = createSlos({ metrics: store, clock, rules: () => alerts.rules });
    const pages = await loadPages();
    const wall = liveWall(
      {
        app: options.app,
        build: pages.build,
        metrics: store,
        swarm: seen,
        alerts: alerts.current,
        incidents: response.incidents.summaries,
        changes: (fromMs, toMs, limit) => changes.list({ fromMs, toMs, limit }),
        slos: () => sloSummaries(slos.latest),
        settingsTrouble: () => troubleOf(settings.problems),
      },
      { clock, log },
    );

    const noteChanges = (lines: readonly LogLine[]): void => {
      for (const change of changesLogged(lines)) changes.add(change);
    };
    const target = { service: app.service, instance: app.instance };
    const own: readonly Collector[] = [
      ownSamples(tools, { target, swarm: seen }),
      agent,
      ...(options.logs === undefined ? [] : [logFiles(tools, { folder: options.logs, kept: noteChanges })]),
    ];
    for (const { name, run } of own) app.background(name, run);
    app.background('swarm', swarm.run);
    app.background('alerts', alerts.run);
    app.background('incidents', response.run);
    app.background('collectors', wanted.run);
    app.background('exports', exports.run);
    app.background('objectives', slos.run);
    app.background('wall', wall.run);

    const access = createAccess(options);
    return {
      maxBody: MAX_BODY,
      routes: {
        ...access.forSenders(ingestRoutes(store, metrics)),
        ...access.forReaders({
          ...prometheusRoutes(store),
          ...logsRoutes(store),
          ...tracesRoutes(store),
          ...statsRoute(store),
          ...federateRoute(store, clock),
          ...alertRoutes(alerts),
          ...sloRoutes(slos),
          ...errorRoutes(errors),
          ...response.routes,
          ...settingsRoutes(settings, seen),
          ...liveRoutes({
            wall,
            changes,
            clock,
            metrics: store,
            catalogue: () => settings.settings.catalogue,
          }),
        }),
        ...pages.routes(access),
        'GET /login': access.login,
      },
    };
  });
}

function storeModule(options: PalantirOptions): Module<TelemetryStore> {
  return {
    name: 'telemetry store',
    start: () => openStore(options),
    stop: (store) => store.close(),
  };
}

function stateModule(folder: string): Module<StateDatabase> {
  return {
    name: 'state',
    start: async () => openState(folder),
    stop: async (state) => state[Symbol.dispose](),
  };
}

/** Groups of the errors in all logs that are kept. */
function errorsModule(state: StateDatabase, store: TelemetryStore): Module<ErrorGroups> {
  let unlisten = (): void => {};
  return {
    name: 'error groups',
    async start() {
      const errors = createErrorGroups({ state, clock: systemClock });
      unlisten = store.onLogs(errors.take);
      return errors;
    },
    async stop(errors) {
      unlisten();
      errors[Symbol.dispose]();
    },
  };
}

interface Settled {
  readonly state: StateDatabase;
  readonly alerts: Alerts;
  readonly response: IncidentResponse;
  readonly wanted: WantedCollectors;
  readonly exports: Exports;
  readonly changes: ChangeLog;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** What a team has written, from now on and after each change of it. */
function settingsModule(
  { settings: place = '' }: PalantirOptions,
  { state, alerts, response, wanted, exports, changes, log, metrics, clock }: Settled,
): Module<SettingsWatch> {
  function use({ rules, notify, collect, exports: exported }: Settings): void {
    alerts.setRules(rules);
    response.incidents.keepRules(new Set(rules.map(({ name }) => name)));
    response.configure(notify);
    wanted.apply(collect);
    exports.apply(exported);
  }
  function tell(problems: readonly Problem[]): void {
    for (const problem of problems) log.error(`settings: ${problemLine(problem)}`);
  }
  return {
    name: 'settings',
    async start() {
      const watch = await watchSettings(place, {
        clock,
        lastGood: lastGoodSettings(state),
        use,
        onChange: changes.add,
        onProblems: tell,
      });
      tell(watch.problems);
      if (watch.inUse === 'last good') log.warn('settings: those that were good last stay in use');
      metrics.observe('settings_mistakes', { help: MISTAKES_HELP }, (set) => set(watch.problems.length));
      return watch;
    },
    async stop(watch) {
      watch[Symbol.dispose]();
    },
  };
}

function troubleOf(problems: readonly Problem[]): SettingsTrouble | undefined {
  const [first] = problems;
  return first && { count: problems.length, first: problemLine(first) };
}

/** Of the engine that the settings name. */
function dockerSources(clock: Clock, store: TelemetryStore): (settings: Settings) => readonly SwarmSource[] {
  const told = toldHealth(store, clock);
  let known: { socket: string; source: SwarmSource } | undefined;
  return ({ collect: { docker: socket } }) => {
    if (socket === undefined) return [];
    if (known?.socket !== socket)
      known = { socket, source: dockerSwarm({ socket, clock, toldHealth: told }) };
    return [known.source];
  };
}

/** Without this very instance, whose metrics are kept as they are. */
function othersOf({ peers = () => [] }: PalantirOptions, self: string): () => readonly KnownPeer[] {
  return () => peers().filter(({ instance }) => instance !== self);
}

function withShares(state: SwarmState, machine: string, { cpu, memory }: NodeAgent['shares']): SwarmState {
  const shares = { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) };
  return {
    ...state,
    nodes: state.nodes.map((node) => (node.name === machine ? { ...node, ...shares } : node)),
  };
}

function processesOf({ nodes }: SwarmState): WatchedProcess[] {
  return nodes
    .flatMap(({ instances }) => instances)
    .flatMap(({ pid, service, id }) => (pid === undefined ? [] : [{ pid, service, instance: id }]));
}
