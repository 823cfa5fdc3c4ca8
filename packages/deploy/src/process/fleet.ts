/** All services that run on this machine, each a group of instances, as the app model says; a new model is taken over
 * while they run. Replacements that nobody asked for by a command report to the log. */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { AppModel, BackupSpec, Clock, EdgeSpec, PalantirModel, ServiceModel } from '@goblin/core';
import type { LogCollector } from '../logs/log-collector.ts';
import type { NotedChange } from '../logs/noted-change.ts';
import { BACKUP, EDGE, PALANTIR, type Project } from '../project/project.ts';
import { type SourceFiles, sourceFiles } from '../watch/source-files.ts';
import { type SourceWatcher, watchSources } from '../watch/source-watcher.ts';
import { type Instance, startInstance } from './instance.ts';
import { type LaunchOptions, launchSpec } from './launch.ts';
import { palantirAddress } from './palantir-address.ts';
import { type ServiceGroup, serviceGroup } from './service-group.ts';

export interface FleetOptions extends LaunchOptions {
  /** Replace instances when their code changes. */
  readonly watch: boolean;
  readonly clock: Clock;
  readonly logs: LogCollector;
  readonly onChange: () => void;
}

/** One service as it runs. */
export interface Member {
  readonly kind: ServiceModel['kind'] | 'edge' | 'backup' | 'palantir';
  readonly group: ServiceGroup;
  /** What the next instance is started from; undefined for what is not a service of the model. */
  model: ServiceModel | undefined;
  sources: SourceWatcher | undefined;
}

export interface Fleet {
  readonly members: ReadonlyMap<string, Member>;
  /** Makes what runs be what the model says. Resolves when that is under way. */
  apply(model: AppModel): Promise<void>;
  /** Stops the members of one kind side by side. */
  stop(kind: Member['kind'], timeoutMs: number): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** What a service that was taken out of the model may take to finish. */
const REMOVED_STOP_MS = 5_000;

export function fleet(project: Project, options: FleetOptions): Fleet {
  const { clock, logs, onChange } = options;
  const members = new Map<string, Member>();
  let edge: EdgeSpec | undefined;
  let backup: BackupSpec | undefined;
  let palantir: PalantirModel | undefined | 'unsettled' = 'unsettled';
  /** Where telemetry is sent to. */
  let collector: URL | undefined;
  let stopping = false;

  function begin(name: string, kind: Member['kind'], model?: ServiceModel): void {
    const sources = followCode(model);
    const group = serviceGroup({
      name,
      kind,
      instances: model?.instances ?? 1,
      clock,
      start: (onHeartbeat) => launch(name, members.get(name) ?? { model, sources }, onHeartbeat),
      onFailure(instance, end, pauseMs) {
        const next = pauseMs === 0 ? 'it starts again' : `it starts again in ${Math.round(pauseMs)} ms`;
        logs.note('error', `${instance.id} ${end.how}; ${next}`);
      },
      onChange,
    });
    // Its failure is in the log and in the status.
    group.firstReady.catch(() => {});
    members.set(name, { kind, group, model, sources });
  }

  function launch(
    name: string,
    from: Pick<Member, 'model' | 'sources'>,
    heard: (instance: Instance) => void,
  ): Instance {
    const version = from.sources?.version ?? 'dev';
    const spec = launchSpec(project, name, version, from.model, { ...options, collector });
    return startInstance(
      spec,
      {
        changed: onChange,
        heard,
        output: (instance, stream, fd) => logs.collect({ service: name, instance: instance.id }, stream, fd),
      },
      clock,
    );
  }

  function followCode(model: ServiceModel | undefined): SourceWatcher | undefined {
    if (model?.kind !== 'service') return undefined;
    const folder = resolve(project.folder, model.from);
    const settings = ['.env', '.env.local'].map((file) => resolve(project.folder, file));
    const read = (): SourceFiles => sourceFiles(folder, settings);
    if (!options.watch) return { version: read().version, stop: () => {} };
    return watchSources(read, () => void replace(model.name, 'its code has changed'), clock);
  }

  async function replace(name: string, reason: string): Promise<void> {
    const startMs = clock.now();
    logs.note('info', `${name} is replaced: ${reason}`);
    try {
      await members.get(name)?.group.replace();
      logs.note('info', `${name} was replaced in ${Math.round(clock.now() - startMs)} ms`);
    } catch (error) {
      if (!stopping)
        logs.note('error', `${name} was not replaced, what ran goes on: ${(error as Error).message}`);
    }
  }

  function replaceChanged(name: string): void {
    noteConfiguration(name, `${name} has changed in the app model`);
    void replace(name, 'it has changed in the app model');
  }

  /** For the change log: what runs shows no other version, nor another number. */
  function noteConfiguration(service: string, title: string): void {
    logs.note('info', title, { change: { kind: 'configuration', service, title } satisfies NotedChange });
  }

  async function remove(name: string): Promise<void> {
    const member = members.get(name);
    member?.sources?.stop();
    await member?.group.stop(REMOVED_STOP_MS);
    members.delete(name);
    onChange();
  }

  async function applyService(model: ServiceModel): Promise<void> {
    const { name } = model;
    if (members.has(name) && members.get(name)!.kind !== model.kind) await remove(name);
    const member = members.get(name);
    if (!member) return begin(name, model.kind, model);
    const before = member.model!;
    member.model = model;
    if (!isDeepStrictEqual({ ...before, instances: 0 }, { ...model, instances: 0 })) {
      member.sources?.stop();
      member.sources = followCode(model);
      replaceChanged(name);
    }
    if (before.instances !== model.instances) {
      member.group.scale(model.instances).catch((error: Error) => logs.note('error', error.message));
    }
  }

  async function applyEdge(next: EdgeSpec | undefined): Promise<void> {
    const before = edge;
    edge = next;
    if (!next) return void (await remove(EDGE));
    const member = members.get(EDGE);
    if (!member) return begin(EDGE, 'edge');
    if (isDeepStrictEqual(before, next)) return;
    if (isDeepStrictEqual({ ...before, routes: [] }, { ...next, routes: [] })) {
      member.group.route(next);
      noteConfiguration(EDGE, 'the edge has new routes');
    } else {
      noteConfiguration(EDGE, 'where the edge listens has changed in the app model');
      void replace(EDGE, 'where it listens has changed in the app model');
    }
  }

  async function applyBackup(next: BackupSpec | undefined): Promise<void> {
    const before = backup;
    backup = next;
    if (before && !next) await remove(BACKUP);
    else if (next && !before) begin(BACKUP, 'backup');
    else if (!isDeepStrictEqual(before, next)) replaceChanged(BACKUP);
  }

  /** Settled by the first model: all that runs was told by its environment where telemetry is sent to. */
  async function applyPalantir(next: PalantirModel | undefined): Promise<void> {
    if (palantir !== 'unsettled') {
      if (!isDeepStrictEqual(palantir, next))
        logs.note('warn', 'palantir has changed in the app model: that counts from the next goblin up on');
      return;
    }
    palantir = next;
    if (!next) return;
    collector = await palantirAddress(next, options.env);
    begin(PALANTIR, 'palantir');
  }

  return {
    members,
    async apply(model) {
      // Before all that sends telemetry to it.
      await applyPalantir(model.palantir);
      for (const [name, member] of members) {
        if (member.model && !Object.hasOwn(model.services, name)) {
          logs.note('info', `${name} is stopped: it is no longer in the app model`);
          void remove(name);
        }
      }
      for (const service of Object.values(model.services)) await applyService(service);
      await applyEdge(model.edge);
      await applyBackup(model.backup);
      onChange();
    },
    async stop(kind, timeoutMs) {
      stopping = true;
      const leaving = [...members.values()].filter((member) => member.kind === kind);
      for (const member of leaving) member.sources?.stop();
      await Promise.all(leaving.map((member) => member.group.stop(timeoutMs)));
    },
    kill() {
      for (const { group } of members.values()) group.kill();
    },
  };
}
