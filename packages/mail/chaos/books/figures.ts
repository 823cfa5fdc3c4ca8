/** How much there was of everything, for whoever reads the outcome. */
import type { Killings } from '../killer.ts';
import { noNats } from '../world/nats-server.ts';
import type { Evidence } from './evidence.ts';
import { takenOver } from './leases-book.ts';

export function figures(evidence: Evidence, killings: Killings): string[] {
  const { effects, charges, mails, taken, mailsBefore, published, heard, changes, stepRuns, branch } =
    evidence;
  const { kills, frozen, frozenSessions, ended, serverKills, blows } = killings;
  const fell = blows.filter(({ what }) => what === 'fell').length;
  const servers = [...serverKills].map(([name, count]) => `${count} of ${name}`).join(', ');
  const kinds = [...new Set(effects.map(({ kind }) => kind))].sort();
  const requests = charges.reduce((sum, record) => sum + record.requests.length, 0);
  const steps = new Set(stepRuns.map(({ task, step }) => `${task} ${step}`)).size;
  const { listed } = mailsBefore;
  return [
    `SIGKILLs: ${kills} of workers, ${servers}; ${frozen} workers and ${frozenSessions} sessions of PostgreSQL frozen beyond a lease, ${ended} ended in order, ${fell} could not start while their database was away`,
    `effects in the database: ${effects.length} (${kinds.map((kind) => `${kind} ${countOf(effects, kind)}`).join(', ')})`,
    `HTTP: ${charges.length} keys charged once each by ${requests} requests`,
    `workflow steps: ${steps}, run ${stepRuns.length} times`,
    `mails: ${mails.length}, taken ${taken.length} times by the servers, which at-least-once allows; unknown and listed: ${listed.length}, of which ${listed.filter((one) => one.taken).length} were taken`,
    `events: ${published.length}, heard ${heard.length} times by the groups`,
    `carried by NATS to the branch: ${branch ? `${branch.published.length} events, heard ${branch.heard.length} times` : noNats}`,
    `invariant log: ${changes.length} changes of tasks, ${takenOver(changes)} claims after a lease had run out`,
  ];
}

function countOf(effects: Evidence['effects'], kind: string): number {
  return effects.filter((effect) => effect.kind === kind).length;
}
