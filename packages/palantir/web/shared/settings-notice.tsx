/** One line on every page while the newest settings have mistakes: the first of them, and where all are. */
import './settings-notice.css';
import { useLocation } from './location.ts';
import { problemOf, useSettings } from './settings.ts';
import { Sign } from './sign.tsx';

const ALL = '/explore/settings';

export function SettingsNotice() {
  const { path } = useLocation();
  const problems = useSettings()?.problems ?? [];
  const [first] = problems;
  if (first === undefined || path === ALL) return null;
  const { place, message } = problemOf(first);
  const more = problems.length - 1;
  return (
    <a class="settings-notice" href={ALL} title={`${place} ${message}`}>
      <Sign state="degraded" word="The settings have mistakes:" />
      <span>
        <b>{place}</b> {message}
      </span>
      <em>{more > 0 ? `and ${more} more` : 'See it'}</em>
    </a>
  );
}
