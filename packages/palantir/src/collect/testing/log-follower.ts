/** A process that follows log files into a store of its own, until it is killed: `log-follower.ts <logs> <folder>`. */
import { openState } from '../../state/state-database.ts';
import { openStore } from '../../store/store.ts';
import { logFiles } from '../log-files/log-files.ts';
import { toolsFor } from './collecting.ts';

const [logs = '', folder = ''] = process.argv.slice(2);
const store = await openStore({ folder, retention: { days: 400, bytes: 1e9 } });
const state = openState(folder);
process.stdout.write('following\n');
// Keeps the process alive: the collector's own timers do not.
setInterval(() => {}, 1_000);
await logFiles({ ...toolsFor(store), state }, { folder: logs, pollMs: 50 }).run(new AbortController().signal);
