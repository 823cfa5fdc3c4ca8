/** Who is on call now and next, where there is a rota. */
import { clockTime } from '../../shared/format.ts';
import { useAnswer } from '../parts/use-answer.ts';

interface Shift {
  readonly person: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What `GET /palantir/oncall` says, as far as it is shown here. */
interface OnCallAnswer {
  readonly now?: Shift;
  readonly next: readonly Shift[];
}

const RENEW_MS = 60_000;

export function OnCall() {
  const { data } = useAnswer<OnCallAnswer>('/palantir/oncall', RENEW_MS);
  if (!data?.now) return null;
  const { person, untilMs } = data.now;
  const [next] = data.next;
  return (
    <p class="lead">
      On call: <b>{person}</b>{' '}
      <span class="quiet">
        until {clockTime(untilMs)}
        {next && `, then ${next.person}`}
      </span>
    </p>
  );
}
