/** Follows what the containers of this machine write to stdout and stderr. Docker keeps it (drivers json-file, local and journald), so
 * what was written while Palantir was away, or its store full, is read later: each container from its last line that was kept.
 * A redeploy makes new containers, which are read from their first line; old ones are read to their end, as long as Docker has them.
 *
 * Nothing is lost between the store's commit and the note of how far it was read; after a `kill -9` the lines of one batch may be kept
 * twice. Where it was is a time, to the nanosecond: of lines that stdout and stderr got within the same microseconds one may be
 * left out when Palantir stops between the two. What is older than `reachMs` when a container is seen first is not read. */
import os from 'node:os';
import type { StateDatabase } from '../../state/state-database.ts';
import type { Collector, CollectorTools } from '../collector.ts';
import { collectorMeter } from '../collector-meter.ts';
import { keeper } from '../keep.ts';
import { logLine } from '../log-line.ts';
import { identityOf } from './container-identity.ts';
import type { ContainerEntry, ContainerInspect } from './docker-answers.ts';
import { DOCKER_SOCKET, dockerEngine } from './docker-engine.ts';
import { eventHint } from './event-hint.ts';
import { logFrames, type StampedLine } from './log-frames.ts';
import { logOutbox, type OutboxEntry } from './log-outbox.ts';
import { fullStamp, logStamps, sinceOf } from './log-stamps.ts';

const NAME = 'docker logs';
/** Followed at a time, each by a connection; more are not read. */
const MAX_FOLLOWED = 500;
/** A container that has ended may have been started and have ended again since. */
const READ_AGAIN_MS = 30_000;
const DAY_MS = 86_400_000;

export interface DockerLogsOptions {
  /** Default /var/run/docker.sock. */
  readonly socket?: string;
  /** The attribute `node`. Default the host's name. */
  readonly node?: string;
  /** How often it looks for containers where the engine does not tell of them. Default 2,000. */
  readonly pollMs?: number;
  /** How old lines may be of a container that is seen for the first time. Default a day. */
  readonly reachMs?: number;
}

export function dockerLogs(
  tools: CollectorTools & { readonly state: StateDatabase },
  options: DockerLogsOptions = {},
): Collector {
  const { socket = DOCKER_SOCKET, node = os.hostname(), pollMs = 2_000, reachMs = DAY_MS } = options;
  const { clock } = tools;
  const engine = dockerEngine(clock, socket);
  const meter = collectorMeter(NAME, tools.metrics, tools.log);
  const stamps = logStamps(tools.state);
  const outbox = logOutbox(clock, keeper(tools, meter), (committed) => stamps.save(committed));
  /** When each container that is read, or was, may be read again, and how far it was read by this process. */
  const followed = new Map<string, number>();
  const readTo = new Map<string, string>();

  /** Until the container has ended, or its stream. */
  async function follow(entry: ContainerEntry, signal: AbortSignal): Promise<void> {
    const { Id } = entry;
    const { name, service, version } = identityOf(entry);
    const from =
      readTo.get(Id) ?? stamps.get(Id) ?? fullStamp(new Date(clock.wall() - reachMs).toISOString());
    const { Config } = await engine.get<ContainerInspect>(`/containers/${Id}/json`, signal);
    const path = `/containers/${Id}/logs?stdout=1&stderr=1&timestamps=1&follow=1&since=${sinceOf(from)}`;
    const stream = await engine.stream(path, signal);
    const frames = logFrames(Config.Tty);
    const attributes = { node, container_name: name, container_version: version };

    async function take(lines: readonly StampedLine[]): Promise<void> {
      const entries: OutboxEntry[] = [];
      for (const { text, stream, ...line } of lines) {
        const stamp = fullStamp(line.stamp);
        // Docker's `since` includes the one that was the last.
        if (stamp <= from || text === '') continue;
        const source = { service, atMs: Date.parse(stamp), severity: 0 };
        const own = { ...attributes, 'log.iostream': stream };
        entries.push({ container: Id, stamp, line: logLine(text, { ...source, attributes: own }) });
        readTo.set(Id, stamp);
      }
      await outbox.add(entries);
    }

    for await (const chunk of stream) await take(frames.add(chunk));
    await take(frames.end());
    meter.succeeded(name);
  }

  async function look(signal: AbortSignal): Promise<void> {
    const all = await engine.get<ContainerEntry[]>('/containers/json?all=1', signal);
    meter.succeeded(socket);
    const there = new Set(all.map(({ Id }) => Id));
    stamps.keepOnly(there);
    for (const id of followed.keys()) {
      if (there.has(id)) continue;
      followed.delete(id);
      readTo.delete(id);
    }
    for (const entry of all) {
      const againMs = followed.get(entry.Id) ?? 0;
      if (entry.State === 'created' || clock.now() < againMs) continue;
      if (againMs === 0 && followed.size >= MAX_FOLLOWED) continue;
      followed.set(entry.Id, Infinity);
      const ended = (): unknown =>
        followed.set(entry.Id, clock.now() + (entry.State === 'running' ? pollMs : READ_AGAIN_MS));
      follow(entry, signal).then(ended, (error: unknown) => {
        ended();
        if (!signal.aborted) meter.failed(identityOf(entry).name, error);
      });
    }
  }

  return {
    name: NAME,
    async run(signal) {
      const sending = outbox.run(signal);
      const hint = eventHint(engine, clock, signal);
      while (!signal.aborted) {
        await look(signal).catch((error: unknown) => {
          if (!signal.aborted) meter.failed(socket, error);
        });
        await hint.within(pollMs, signal);
      }
      await sending;
    },
  };
}
