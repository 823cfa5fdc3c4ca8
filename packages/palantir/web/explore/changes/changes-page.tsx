/** What people and machines changed, to be filtered by kind and service; and a note of a change that nobody saw. */
import { useState } from 'preact/hooks';
import { CHANGE_KINDS } from '../../../src/changes/change.ts';
import { go, useLocation, withQuery } from '../../shared/location.ts';
import { Page } from '../../shared/page.tsx';
import { ask } from '../../shared/server.ts';
import { RangePicker } from '../parts/range-picker.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { useChanges } from '../parts/use-changes.ts';
import { useRange } from '../parts/use-range.ts';
import { ChangeList } from './change-list.tsx';

export default function ChangesPage() {
  const state = useRange();
  const { query } = useLocation();
  const kind = query.get('kind') ?? '';
  const service = query.get('service') ?? '';
  const { data, error, isLoading, again } = useChanges(state.range);
  const renew = (): void => {
    state.renew();
    again();
  };
  const shown = data?.filter(
    (change) => (kind === '' || change.kind === kind) && (change.service ?? '').includes(service),
  );
  return (
    <Page title="Changes" actions={<RangePicker {...state} renew={renew} />}>
      <div class="tools">
        <select
          aria-label="Kind"
          value={kind}
          onChange={(event) => go(withQuery({ kind: event.currentTarget.value }))}
        >
          <option value="">all kinds</option>
          {CHANGE_KINDS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <input
          type="search"
          data-query
          aria-label="Service"
          placeholder="of one service"
          value={service}
          onInput={(event) => go(withQuery({ service: event.currentTarget.value }), true)}
        />
      </div>
      {error && <Failed error={error} again={again} />}
      {!data && isLoading && <Loading what="changes" />}
      {shown?.length === 0 && (
        <Empty title="Nothing was changed in this range">
          <p>Deploys, scaling and restarts come by themselves. Others can be noted below, or sent:</p>
          <pre>{`curl -X POST ${location.origin}/palantir/changes -H 'authorization: Bearer …' \\\n  -d '{"kind":"flag","service":"tax","title":"new rates on"}'`}</pre>
        </Empty>
      )}
      {shown && shown.length > 0 && (
        <section class="card">
          <ChangeList changes={shown} />
        </section>
      )}
      <NoteChange onNoted={renew} />
    </Page>
  );
}

function NoteChange({ onNoted }: { onNoted: () => void }) {
  const [error, setError] = useState<Error>();
  async function note(form: HTMLFormElement): Promise<void> {
    const given = [...new FormData(form)].filter(([, value]) => value !== '');
    try {
      await ask('/palantir/changes', { body: Object.fromEntries(given) });
      form.reset();
      setError(undefined);
      onNoted();
    } catch (thrown) {
      setError(thrown as Error);
    }
  }
  return (
    <details class="card">
      <summary>Note a change</summary>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          void note(event.currentTarget);
        }}
      >
        <label>
          Kind
          <select name="kind" defaultValue="configuration">
            {CHANGE_KINDS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          Service <input name="service" />
        </label>
        <label class="long">
          What was changed <input name="title" required maxLength={2_000} />
        </label>
        <label>
          By <input name="author" />
        </label>
        <button type="submit" class="primary">
          Note
        </button>
      </form>
      {error && <Failed error={error} />}
    </details>
  );
}
