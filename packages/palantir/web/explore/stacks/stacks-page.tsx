/** What should run, by the Compose files that the settings name, beside what does. */
import type { ServiceState } from '../../../src/live/wall-state.ts';
import { useLive } from '../../shared/live.ts';
import { Page } from '../../shared/page.tsx';
import { Sign } from '../../shared/sign.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { type ComparedStack, differs, rowsOf, type StackRow } from './stack-rows.ts';
import './stacks.css';

const RENEW_MS = 5_000;
const EXAMPLE = `stacks:
  - file: ../deploy/stack.yaml # relative to this file
    name: shop # as in: docker stack deploy -c stack.yaml shop
`;
/** What runs and should not, too many, too few or other than it should. */
const OTHER: ServiceState = 'degraded';

const COLUMNS: readonly Column<StackRow>[] = [
  {
    name: 'Service',
    cell: ({ name }) => (
      <a href={`/explore/services/${encodeURIComponent(name)}`} data-item>
        {name}
      </a>
    ),
    order: ({ name }) => name,
  },
  {
    name: 'Difference',
    cell: ({ differences }) =>
      differences.length === 0 ? (
        <span class="stack-difference">
          <Sign state="ok" word="as it should be" /> <span class="quiet">none</span>
        </span>
      ) : (
        differences.map(({ kind, message }) => (
          <span key={kind} class="stack-difference">
            <Sign state={kind === 'missing' ? 'down' : OTHER} word={kind} /> <span>{message}</span>
          </span>
        ))
      ),
    order: ({ differences }) => -differences.length,
  },
  { name: 'Should run', cell: ({ wanted }) => wanted || 'not at all', isExtra: true },
  { name: 'Runs', cell: ({ found }) => found || 'nothing', isExtra: true },
];

export default function StacksPage() {
  const {
    data: stacks,
    error,
    isLoading,
    again,
  } = useAnswer<readonly ComparedStack[]>('/palantir/stacks', RENEW_MS);
  const { state } = useLive();
  return (
    <Page title="Stacks" actions={<a href="/">The swarm</a>}>
      {error && <Failed error={error} again={again} />}
      {!stacks && isLoading && <Loading what="stacks" />}
      {stacks?.length === 0 && (
        <Empty title="No stack says what should run">
          <p>
            Name a Compose file, as <code>docker stack deploy</code> takes it, in any YAML file of{' '}
            <code>palantir/</code>. What it says is compared with what runs, here.
          </p>
          <pre>{EXAMPLE}</pre>
        </Empty>
      )}
      {stacks?.map((stack) => {
        const rows = rowsOf(stack, state?.swarm);
        const count = rows.filter(differs).length;
        return (
          <section key={stack.file} class="compared-stack">
            <h2>
              {stack.name ?? fileOf(stack.file)}{' '}
              <small class={count > 0 ? 'is-degraded' : 'is-ok'}>
                {count > 0 ? `${count} of ${rows.length} services differ` : 'runs as written'}
              </small>
            </h2>
            <p class="quiet stack-file">
              <code>{stack.file}</code>
            </p>
            <Table
              caption={`The stack ${stack.name ?? stack.file}`}
              rows={rows}
              columns={COLUMNS}
              keyOf={({ name }) => name}
              sortName={`sort-${stack.name ?? stack.file}`}
            />
          </section>
        );
      })}
    </Page>
  );
}

function fileOf(path: string): string {
  return path.split('/').at(-1)!;
}
