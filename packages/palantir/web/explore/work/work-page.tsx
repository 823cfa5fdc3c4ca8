/** Work as metrics tell of it: tasks, events, mail, schedules, the audit trail. */
import { Page } from '../../shared/page.tsx';
import { queryNow } from '../parts/prometheus.ts';
import { RangePicker } from '../parts/range-picker.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { useAsked } from '../parts/use-answer.ts';
import { useRange } from '../parts/use-range.ts';
import { WORK_TABLES } from './work-queries.ts';
import { rowsOf } from './work-rows.ts';
import { WorkSection } from './work-section.tsx';

const RENEW_MS = 15_000;

export default function WorkPage() {
  const state = useRange(RENEW_MS);
  const { range } = state;
  // One that moves on ends now; of another one the end counts.
  const atMs = range.last === undefined ? range.toMs : undefined;
  const { data, error, isLoading, again } = useAsked(
    `${atMs ?? ''}`,
    (signal) =>
      Promise.all(
        WORK_TABLES.map(async ({ by, columns }) =>
          rowsOf(by, await Promise.all(columns.map(({ query }) => queryNow(query, signal, atMs)))),
        ),
      ),
    RENEW_MS,
  );
  const renew = (): void => {
    state.renew();
    again();
  };
  return (
    <Page title="Work" actions={<RangePicker {...state} renew={renew} />}>
      {error && <Failed error={error} again={again} />}
      {!data && isLoading && <Loading what="work" />}
      {data?.every((rows) => rows.length === 0) && (
        <Empty title="No work is seen">
          <p>
            Services with tasks, events, mail or schedules tell of them by their metrics, and are shown here.
          </p>
        </Empty>
      )}
      {data?.map((rows, index) =>
        rows.length > 0 ? (
          <WorkSection
            key={WORK_TABLES[index]!.title}
            table={WORK_TABLES[index]!}
            rows={rows}
            state={state}
          />
        ) : null,
      )}
    </Page>
  );
}
