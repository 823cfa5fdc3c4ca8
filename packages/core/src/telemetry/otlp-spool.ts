/** Keeps on disk what a collector could not take, until it can: while it is started anew, or the machine it is on. Each process has a
 * folder of its own, of MAX_SPOOL_BYTES at most, so that a long outage fills no disk; what a process leaves behind that was
 * killed is sent by the next one that starts. A batch whose answer was lost is sent twice: spans are known by their ids. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export const MAX_SPOOL_BYTES: number = 16 * 1_048_576;

export interface SpooledBatch {
  readonly body: string;
  readonly items: number;
  /** It is the collector's now, or never will be. */
  remove(): void;
}

export interface OtlpSpool {
  /** How many items wait. */
  readonly items: number;
  /** Whether it is kept: not when there is no room, or the disk fails. */
  put(body: string, items: number): boolean;
  oldest(): SpooledBatch | undefined;
  /** Removes the folder where nothing waits. */
  close(): void;
}

interface Kept {
  readonly file: string;
  readonly items: number;
  readonly bytes: number;
}

/** What processes that are gone have left in `folder` is taken over. Never throws: without a disk nothing is kept. */
export function openSpool(folder: string, pid: number = process.pid): OtlpSpool {
  const own = join(folder, String(pid));
  const kept: Kept[] = [];
  let bytes = 0;
  let sequence = 0;

  function add(kind: 'new' | 'left', source: string, items: number, size: number): void {
    // Most processes never need it.
    if (kept.length === 0) mkdirSync(own, { recursive: true, mode: 0o700 });
    const file = join(own, `${String(sequence++).padStart(9, '0')}-${items}.json`);
    if (kind === 'new') {
      // Written aside first: a file that is there is whole.
      writeFileSync(`${file}.part`, source, { mode: 0o600 });
      renameSync(`${file}.part`, file);
    } else renameSync(source, file);
    kept.push({ file, items, bytes: size });
    bytes += size;
  }

  function takeOver(name: string): void {
    const left = join(folder, name);
    for (const file of readdirSync(left).sort()) {
      const items = Number(/^\d+-(\d+)\.json$/.exec(file)?.[1]);
      const path = join(left, file);
      if (Number.isInteger(items)) add('left', path, items, statSync(path).size);
      else rmSync(path);
    }
    rmdirSync(left);
  }

  for (const name of attempt(() => readdirSync(folder)) ?? [])
    if (/^\d+$/.test(name) && name !== String(pid) && !isAlive(Number(name))) attempt(() => takeOver(name));

  return {
    get items() {
      return kept.reduce((sum, { items }) => sum + items, 0);
    },
    put(body, items) {
      const size = Buffer.byteLength(body);
      if (bytes + size > MAX_SPOOL_BYTES) return false;
      return (
        attempt(() => {
          add('new', body, items, size);
          return true;
        }) ?? false
      );
    },
    oldest() {
      for (;;) {
        const [first] = kept;
        if (!first) return undefined;
        const remove = (): void => {
          kept.splice(kept.indexOf(first), 1);
          bytes -= first.bytes;
          attempt(() => rmSync(first.file, { force: true }));
        };
        const body = attempt(() => readFileSync(first.file, 'utf8'));
        if (body !== undefined) return { body, items: first.items, remove };
        remove();
      }
    },
    close() {
      if (kept.length === 0) attempt(() => rmdirSync(own));
    },
  };
}

/** What a disk that fails refuses is as if it were not there. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
