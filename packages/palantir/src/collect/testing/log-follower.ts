/** A process that follows log files into a store of its own, until it is killed: `log-follower.ts <logs> <folder> [commits]`. With
 * `commits` it kills itself at the worst of all moments: when the store has committed for so many times, and nothing else knows. */
import { openState } from '../../state/state-database.ts';
import { openStore } from '../../store/store.ts';
import { logFiles } from '../log-files/log-files.ts';
import { toolsFor } from './collecting.ts';

const [logs = '', folder = '', commits = 'never'] = process.argv.slice(2);
const store = await openStore({ folder, retention: { days: 400, bytes: 1e9 } });
const state = openState(folder);
let left = Number(commits);
const doomed: typeof store = {
  ...store,
  async append(batch) {
    const appended = await store.append(batch);
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
    return appended;
  },
};
process.stdout.write('following\n');
// Keeps the process alive: the collector's own timers do not.
setInterval(() => {}, 1_000);
await logFiles({ ...toolsFor(doomed), state }, { folder: logs, pollMs: 50 }).run(
  new AbortController().signal,
);
