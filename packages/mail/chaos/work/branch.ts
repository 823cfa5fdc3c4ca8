/** A program: an instance of the service at the branch, which gets events of the main site and hears them. */
import { receive, subscribe } from '@goblin/data';
import { argument } from '../world/program.ts';
import { BRANCH, noteHeard } from './consumers.ts';
import { CARRIED } from './definitions.ts';
import { startInstance } from './instance.ts';

/** Where a worker of the branch finds the servers. */
export interface BranchServers {
  readonly folder: string;
  readonly natsUrl: string;
}

const { folder, natsUrl } = argument<BranchServers>();
const { db, bus, background, work } = await startInstance('branch', folder, natsUrl);
for (const carried of CARRIED) {
  background.run(`receive ${carried.type}`, receive(db, bus!, carried, { from: 'main' }));
  background.run(
    `hear ${carried.type}`,
    subscribe(db, carried, { group: BRANCH }, (heard, tx) => noteHeard(tx, BRANCH, heard)),
  );
}
await work();
