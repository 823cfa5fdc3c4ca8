/** Follows the settings of a folder. Files are looked at each PERIOD_MS, by times, size and inode: that works on every file system and
 * misses no file that is renamed into place. A change is taken over when two looks in a row saw the same, so that a file that is being
 * written is waited for. What is wrong is told and changes nothing: the settings before it stay in use, over a restart too
 * (last-good.ts). */
import type { Clock } from '@goblin/core';
import type { Change } from '../changes/change.ts';
import type { LastGood } from './last-good.ts';
import {
  type LoadedSettings,
  loadSettings,
  type SettingsOptions,
  type SettingsTexts,
  settingsOfTexts,
} from './load-settings.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';
import { stampOf } from './settings-files.ts';
import { whatChanged } from './what-changed.ts';

export const PERIOD_MS = 2_000;
/** Of the line in the change log. */
const MAX_TITLE = 500;

export interface WatchOptions extends SettingsOptions {
  readonly clock: Clock;
  readonly lastGood: LastGood;
  /** Puts them into use, at the start too. What it throws is told as a problem, and the settings before stay in use. */
  use(settings: Settings): void;
  /** Called with a line for the change log when they are others than before, also than those of the process before. */
  onChange(change: Omit<Change, 'id'>): void;
  /** Called when what is wrong is another than before; with none when all is well again. */
  onProblems(problems: readonly Problem[]): void;
}

export interface SettingsWatch extends Disposable {
  /** Those in use. */
  readonly settings: Settings;
  /** What is wrong with the newest files, which are not in use then. */
  readonly problems: readonly Problem[];
  /** Which are in use: what the files say; what they said when they were good last; or, where they never were, what is sound in them. */
  readonly inUse: 'newest' | 'last good' | 'sound';
}

/** Resolves when settings are in use; `onProblems` was not called then. @param place as of loadSettings
 * @throws what `lastGood` and `onChange` throw, and `use` for settings that have none before them */
export async function watchSettings(place: string, options: WatchOptions): Promise<SettingsWatch> {
  const { clock, lastGood, use, onChange, onProblems } = options;
  let stamp = await stampOf(place, []);
  const first = await loadSettings(place, options);
  const remembered = lastGood.load();
  const before = remembered && (await settingsOfTexts(remembered.texts, options)).sound;
  let { stackFiles } = first;
  let settings = before ?? first.sound;
  let inUse: SettingsWatch['inUse'] = before ? 'last good' : 'sound';
  let problems = first.settings ? takeOver(first.settings, first.texts, before) : first.problems;
  if (settings !== first.settings) use(settings);
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
    const found = loaded.settings ? takeOver(loaded.settings, loaded.texts, settings) : loaded.problems;
    const isNew = JSON.stringify(found) !== JSON.stringify(problems);
    problems = found;
    if (isNew) onProblems(found);
  }

  function takeOver(
    next: Settings,
    texts: SettingsTexts,
    previous: Settings | undefined,
  ): readonly Problem[] {
    const changes = previous && whatChanged(previous, next);
    try {
      if (changes !== undefined || inUse !== 'newest') use(next);
      if (changes !== undefined) onChange(changeOf(changes));
      settings = next;
      inUse = 'newest';
      lastGood.save(texts, clock.wall());
      return [];
    } catch (error) {
      const message = `they cannot be used: ${(error as Error).message}`;
      return [{ file: place, line: 1, column: 1, path: '', message }];
    }
  }

  function changeOf(changes: string): Omit<Change, 'id'> {
    const title = changes.length > MAX_TITLE ? `${changes.slice(0, MAX_TITLE)}…` : changes;
    return { atMs: clock.wall(), kind: 'rules', title };
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
    get inUse() {
      return inUse;
    },
    [Symbol.dispose]() {
      isOpen = false;
      timer.cancel();
    },
  };
}
