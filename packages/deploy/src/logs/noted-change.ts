/** What somebody changes, as a line of the log that Palantir knows again and keeps in its change log: the field `change`. What the
 * supervisor changes stands in its own log; commands have one beside it, so that nothing is lost when neither it nor Palantir runs. */
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { type Clock, systemClock } from '@goblin/core';
import { logsFolder, SUPERVISOR } from './log-collector.ts';
import { logFile } from './log-file.ts';

const COMMANDS = 'goblin-commands';

export interface NotedChange {
  readonly kind: 'configuration' | 'fault' | 'data';
  /** One line. */
  readonly title: string;
  /** Which service it is about; nothing where it is about all. */
  readonly service?: string;
}

/** Notes what a command has changed, with the name of who gave it. Does not throw: what was changed is changed. */
export function noteChange(dataFolder: string, change: NotedChange, clock: Clock = systemClock): void {
  const folder = logsFolder(dataFolder);
  const author = nameOfUser();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // The write fails then, and counts it.
  }
  const file = logFile(folder, COMMANDS);
  file.append([
    {
      time: new Date(clock.wall()).toISOString(),
      level: 'info',
      service: SUPERVISOR,
      instance: `${SUPERVISOR}-${process.pid}`,
      change: { ...change, ...(author !== undefined && { author }) },
      msg: change.title,
    },
  ]);
  file.close();
}

function nameOfUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in containers.
    return undefined;
  }
}
