/** Which files are read, and what they look like from outside. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_FILES } from './limits.ts';

export interface SettingsFiles {
  /** By name; what lies in folders below is others' affair. */
  readonly files: readonly string[];
  /** What keeps some of them from being read, as a sentence. */
  readonly problem?: string;
}

/** @param place a folder or a file; one that does not exist has no files. Never rejects. */
export async function settingsFiles(place: string): Promise<SettingsFiles> {
  try {
    if (!(await stat(place)).isDirectory()) return { files: [place] };
    const names = (await readdir(place)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
    const files = names.slice(0, MAX_FILES).map((name) => join(place, name));
    if (names.length <= MAX_FILES) return { files };
    return { files, problem: `there are ${names.length} files, and ${MAX_FILES} at most are read` };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { files: [] } : { files: [], problem: `it cannot be read: ${message}` };
  }
}

/** Changes when one of the files does, or one comes or goes. */
export async function stampOf(place: string, others: readonly string[]): Promise<string> {
  const { files } = await settingsFiles(place);
  const stamps = [...files, ...others].map(async (file) => {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(file);
      return [file, mtimeMs, ctimeMs, size, ino];
    } catch {
      return [file];
    }
  });
  return JSON.stringify(await Promise.all(stamps));
}
