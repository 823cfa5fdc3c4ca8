/** What the server says of the team's settings, asked for now and again while a page is seen. The last answer is shown at once on the next
 * page. Without an answer nothing is said: who looks has something else to look at. */
import { useEffect, useState } from 'preact/hooks';
import type { Dashboard } from '../../src/settings/dashboards.ts';
import type { SettingsWatch } from '../../src/settings/watch-settings.ts';
import { ask } from './server.ts';

const RENEW_MS = 15_000;

export interface SettingsAnswer {
  /** `palantir/rules.yaml:12:5 rules[2].for: write a duration such as 5m` */
  readonly problems: readonly string[];
  readonly inUse: SettingsWatch['inUse'];
  readonly dashboards: readonly Dashboard[];
}

let last: SettingsAnswer | undefined;

export function useSettings(): SettingsAnswer | undefined {
  const [settings, setSettings] = useState(last);
  useEffect(() => {
    const left = new AbortController();
    const look = (): void => {
      if (document.hidden) return;
      ask<SettingsAnswer>('/palantir/settings', { signal: left.signal }).then(
        (answer) => {
          last = answer;
          if (!left.signal.aborted) setSettings(answer);
        },
        () => {},
      );
    };
    look();
    const timer = setInterval(look, RENEW_MS);
    return () => {
      clearInterval(timer);
      left.abort();
    };
  }, []);
  return settings;
}

export interface WrittenProblem {
  /** `rules.yaml:12:5` */
  readonly place: string;
  readonly file: string;
  readonly message: string;
}

export function problemOf(line: string): WrittenProblem {
  const [, file = '', at = '', message = line] = /^(.*?):(\d+:\d+) (.*)$/s.exec(line) ?? [];
  return { place: file === '' ? '' : `${file.split('/').at(-1)}:${at}`, file, message };
}
