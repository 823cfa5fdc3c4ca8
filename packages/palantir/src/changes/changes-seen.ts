/** What two looks at the swarm say has changed: versions that came up, how many instances should run, services that came and went,
 * instances that were started again. */
import type { SwarmService, SwarmState } from '../swarm/swarm-state.ts';
import type { Change } from './change.ts';

/** @param before undefined at the first look, which changes nothing */
export function changesSeen(before: SwarmState | undefined, after: SwarmState): Omit<Change, 'id'>[] {
  if (!before) return [];
  const known = new Map(before.services.map((service) => [service.name, service]));
  const found: Omit<Change, 'id'>[] = [];
  const tell = (kind: Change['kind'], service: string, title: string): void => {
    found.push({ atMs: after.atMs, kind, service, title });
  };
  for (const now of after.services) {
    const was = known.get(now.name);
    known.delete(now.name);
    if (!was) tell('deploy', now.name, `${now.name} was added`);
    else compare(was, now, (kind, title) => tell(kind, now.name, title));
  }
  for (const name of known.keys()) tell('deploy', name, `${name} was taken out`);
  return found;
}

function compare(
  was: SwarmService,
  now: SwarmService,
  tell: (kind: Change['kind'], title: string) => void,
): void {
  const newest = now.versions.at(-1);
  if (newest !== undefined && !was.versions.includes(newest))
    tell('deploy', `${now.name}: ${was.versions.at(-1) ?? 'nothing'} → ${newest}`);
  if (was.wanted !== now.wanted) tell('scale', `${now.name}: ${was.wanted} → ${now.wanted} instances`);
  if (now.restarts > was.restarts) {
    const times = now.restarts - was.restarts;
    tell('restart', `${now.name} was started again${times > 1 ? ` ${times} times` : ''}`);
  }
}
