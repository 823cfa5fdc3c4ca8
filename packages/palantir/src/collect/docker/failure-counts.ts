/** Counts the tasks of each service that ended by themselves since it looks: what Swarm starts anew. Swarm keeps only the last few of
 * each slot, so it must look more often than they fail. */
import type { SwarmTaskEntry } from './docker-answers.ts';

export interface FailureCounts {
  see(tasks: readonly SwarmTaskEntry[]): void;
  of(serviceId: string): number;
}

export function failureCounts(): FailureCounts {
  let known: Set<string> | undefined;
  const counts = new Map<string, number>();
  return {
    see(tasks) {
      const failed = tasks.filter(({ Status }) => Status.State === 'failed' || Status.State === 'rejected');
      for (const { ID, ServiceID } of known ? failed : [])
        if (!known!.has(ID)) counts.set(ServiceID, (counts.get(ServiceID) ?? 0) + 1);
      known = new Set(failed.map(({ ID }) => ID));
      const services = new Set(tasks.map(({ ServiceID }) => ServiceID));
      for (const service of counts.keys()) if (!services.has(service)) counts.delete(service);
    },
    of: (serviceId) => counts.get(serviceId) ?? 0,
  };
}
