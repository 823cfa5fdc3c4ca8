/** A folder of settings for a test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface SettingsFolder extends Disposable {
  readonly path: string;
  write(name: string, text: string | Uint8Array): void;
  remove(name: string): void;
}

export function settingsFolder(files: Readonly<Record<string, string>> = {}): SettingsFolder {
  const path = mkdtempSync(join(tmpdir(), 'goblin-settings-'));
  const write = (name: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return {
    path,
    write,
    remove: (name) => rmSync(join(path, name)),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
