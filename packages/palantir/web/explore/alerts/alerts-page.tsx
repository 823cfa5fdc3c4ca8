/** Alerts that fire, wait to fire or were resolved lately; silences; and the rules with where each is written. */
import type { Alert, Rule } from '../../../src/alerts/alert.ts';
import { Page } from '../../shared/page.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { AlertList } from './alert-list.tsx';
import { Rules } from './rules.tsx';
import { SilenceList } from './silence-list.tsx';

const RENEW_MS = 5_000;

export default function AlertsPage() {
  const { data, error, isLoading, again } = useAnswer<{ alerts: Alert[]; rules: Rule[] }>(
    '/palantir/alerts',
    RENEW_MS,
  );
  const alerts = data?.alerts ?? [];
  const of = (state: Alert['state']): Alert[] => alerts.filter((alert) => alert.state === state);
  return (
    <Page title="Alerts">
      {error && <Failed error={error} again={again} />}
      {!data && isLoading && <Loading what="alerts" />}
      {data && of('firing').length === 0 && (
        <Empty title="Nothing fires">
          <p>
            {data.rules.length} rules are watched
            {of('pending').length > 0 && `, ${of('pending').length} alerts wait to fire`}.
          </p>
        </Empty>
      )}
      <AlertList title="Firing" alerts={of('firing')} />
      <AlertList title="Pending" alerts={of('pending')} />
      <AlertList title="Resolved lately" alerts={of('resolved')} />
      <SilenceList />
      {data && <Rules rules={data.rules} alerts={alerts} />}
    </Page>
  );
}
