/** The settings that were good last, in the state database: a restart with a mistake in a file goes on with these. Kept as the texts that
 * were read, not as what they mean, so that another version of Palantir understands them by its own rules. They hold no
 * secrets, which stand in files of their own. */
import type { StateDatabase } from '../state/state-database.ts';
import type { SettingsTexts } from './load-settings.ts';

const STEPS = [
  `CREATE TABLE last_good_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1), at_ms INTEGER NOT NULL, texts TEXT NOT NULL
  ) STRICT`,
];

export interface LastGood {
  /** As they were saved last. */
  load(): { readonly texts: SettingsTexts; readonly savedMs: number } | undefined;
  /** Writes nothing where they are the same. */
  save(texts: SettingsTexts, nowMs: number): void;
}

export function lastGoodSettings(state: StateDatabase): LastGood {
  state.migrate('settings', STEPS);
  const select = state.db.prepare('SELECT at_ms, texts FROM last_good_settings');
  const replace = state.db.prepare(
    'INSERT OR REPLACE INTO last_good_settings (id, at_ms, texts) VALUES (1, ?, ?)',
  );
  return {
    load() {
      const row = select.get();
      return row && { texts: JSON.parse(String(row.texts)) as SettingsTexts, savedMs: Number(row.at_ms) };
    },
    save(texts, nowMs) {
      const text = JSON.stringify(texts);
      if (select.get()?.texts !== text) replace.run(Math.round(nowMs), text);
    },
  };
}
