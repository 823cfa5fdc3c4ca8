/** The files of one service's log, as the supervisor writes them: `tax.ndjson` is written, and when it is full it becomes
 * `tax.1.ndjson`, which becomes `tax.2.ndjson`, and what was that is gone. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Of one folder; there are not nearly so many services on a machine. */
export const MAX_LOGS = 1_000;
const NAME = /^([^.]+)(?:\.(\d{1,3}))?\.ndjson$/;

export interface FoundFile {
  readonly path: string;
  /** It stays when the file is renamed, and may be given to another file once it is gone. */
  readonly inode: number;
  readonly size: number;
}

/** By service, its files oldest first. Empty where the folder is not there yet. */
export async function findLogs(folder: string): Promise<Map<string, FoundFile[]>> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const oldest = new Map<string, number>();
  for (const name of names.sort()) {
    const [, service, generation = '0'] = NAME.exec(name) ?? [];
    if (service === undefined || (!oldest.has(service) && oldest.size >= MAX_LOGS)) continue;
    oldest.set(service, Math.max(oldest.get(service) ?? 0, Number(generation)));
  }
  const found = new Map<string, FoundFile[]>();
  for (const [service, generation] of oldest) found.set(service, await filesOf(folder, service, generation));
  return found;
}

/** Looks from the newest to the oldest, which is the way that files move: one that is renamed meanwhile may be seen twice but
 * cannot be missed. */
async function filesOf(folder: string, service: string, oldest: number): Promise<FoundFile[]> {
  const byInode = new Map<number, FoundFile>();
  for (let generation = 0; generation <= oldest + 1; generation++) {
    const file = await look(folder, service, generation);
    if (!file) continue;
    byInode.delete(file.inode);
    byInode.set(file.inode, file);
  }
  return [...byInode.values()].reverse();
}

async function look(folder: string, service: string, generation: number): Promise<FoundFile | undefined> {
  const path = join(folder, generation === 0 ? `${service}.ndjson` : `${service}.${generation}.ndjson`);
  try {
    const { ino, size } = await stat(path);
    return { path, inode: ino, size };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
