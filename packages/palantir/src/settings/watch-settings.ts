/** Follows the settings of a folder. Files are looked at each PERIOD_MS, by times, size and inode: that works on every file system and
 * misses no file that is renamed into place. A change is taken over when two looks in a row saw the same, so that a file that is being
 * written is waited for. What is wrong is told and changes nothing: the settings before it stay in use. */
import type { Clock } from '@goblin/core';
import type { Change } from '../changes/change.ts';
import { type LoadedSettings, loadSettings, type SettingsOptions } from './load-settings.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';
import { stampOf } from './settings-files.ts';
import { whatChanged } from './what-changed.ts';

export const PERIOD_MS = 2_000;
/** Of the line in the change log. */
const MAX_TITLE = 500;

export interface WatchOptions extends SettingsOptions {
  readonly clock: Clock;
  /** Called when they are others than before, with a line for the change log. What it throws is told as a problem, and the settings
   * before stay in use. */
  onChange(settings: Settings, change: Omit<Change, 'id'>): void;
  /** Called when what is wrong is another than before; with none when all is well again. */
  onProblems(problems: readonly Problem[]): void;
}

export interface SettingsWatch extends Disposable {
  /** Those in use. */
  readonly settings: Settings;
  /** What is wrong with the newest files, which are not in use then. */
  readonly problems: readonly Problem[];
}

/** Resolves when the settings are loaded for the first time, without calling anybody. There are none before these, so of wrong ones what
 * is sound is used. Never rejects. @param place as of loadSettings */
export async function watchSettings(place: string, options: WatchOptions): Promise<SettingsWatch> {
  const { clock, onChange, onProblems } = options;
  let stamp = await stampOf(place, []);
  let { sound: settings, problems, stackFiles } = await loadSettings(place, options);
  let isOpen = true;
  /** What the last look saw, where that is not what is loaded. */
  let fresh: string | undefined;

  async function look(): Promise<void> {
    const seen = await stampOf(place, stackFiles);
    const isStill = seen === fresh;
    fresh = seen === stamp ? undefined : seen;
    if (fresh === undefined || !isStill) return;
    const loaded = await loadSettings(place, options);
    // What changed after it was seen, and stacks that nobody has looked at, are seen by the next look.
    stamp = seen;
    fresh = undefined;
    if (isOpen) take(loaded);
  }

  function take(loaded: LoadedSettings): void {
    stackFiles = loaded.stackFiles;
    const found = loaded.settings ? takeOver(loaded.settings) : loaded.problems;
    const isNew = JSON.stringify(found) !== JSON.stringify(problems);
    problems = found;
    if (isNew) onProblems(found);
  }

  function takeOver(next: Settings): readonly Problem[] {
    const changes = whatChanged(settings, next);
    if (changes === undefined) return [];
    const title = changes.length > MAX_TITLE ? `${changes.slice(0, MAX_TITLE)}…` : changes;
    try {
      onChange(next, { atMs: clock.wall(), kind: 'rules', title });
      settings = next;
      return [];
    } catch (error) {
      const message = `they cannot be used: ${(error as Error).message}`;
      return [{ file: place, line: 1, column: 1, path: '', message }];
    }
  }

  function next(): void {
    if (isOpen) timer = clock.after(PERIOD_MS, () => void look().finally(next));
  }

  let timer = clock.after(PERIOD_MS, () => void look().finally(next));
  return {
    get settings() {
      return settings;
    },
    get problems() {
      return problems;
    },
    [Symbol.dispose]() {
      isOpen = false;
      timer.cancel();
    },
  };
}
