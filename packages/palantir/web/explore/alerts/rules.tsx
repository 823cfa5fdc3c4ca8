/** The rules that are watched: what each asks, how bad it is, and the file and line where it is written. */
import type { Alert, Condition, Rule } from '../../../src/alerts/alert.ts';
import { age } from '../../shared/format.ts';
import { StateWord } from '../parts/state-word.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { matchersText } from './matchers.ts';

type Watched = Rule & { readonly firing: number };

const COLUMNS: readonly Column<Watched>[] = [
  {
    name: 'Rule',
    cell: ({ name, summary, condition }) => (
      <>
        <b>{name}</b>
        <small class="about">{summary}</small>
        <Asked condition={condition} />
      </>
    ),
    order: ({ name }) => name,
  },
  {
    name: 'Severity',
    cell: ({ severity }) => <StateWord word={severity} />,
    order: ({ severity }) => severity,
  },
  {
    name: 'For',
    cell: ({ forMs }) => (forMs > 0 ? age(forMs) : 'at once'),
    order: ({ forMs }) => forMs,
    isNumber: true,
  },
  { name: 'Firing', cell: ({ firing }) => firing, order: ({ firing }) => firing, isNumber: true },
  {
    name: 'Written in',
    cell: ({ source }) => <code>{source}</code>,
    order: ({ source }) => source,
    isExtra: true,
  },
];

export function Rules({ rules, alerts }: { rules: readonly Rule[]; alerts: readonly Alert[] }) {
  const firing = new Map<string, number>();
  for (const { rule, state } of alerts) if (state === 'firing') firing.set(rule, (firing.get(rule) ?? 0) + 1);
  return (
    <section>
      <h2>
        Rules <small class="quiet">{rules.length}</small>
      </h2>
      <Table
        caption="Rules"
        rows={rules.map((rule) => ({ ...rule, firing: firing.get(rule.name) ?? 0 }))}
        columns={COLUMNS}
        keyOf={({ name }) => name}
      />
    </section>
  );
}

function Asked({ condition }: { condition: Condition }) {
  switch (condition.kind) {
    case 'threshold':
      return (
        <a class="asked" href={`/explore/metrics?q=${encodeURIComponent(condition.expression)}`} data-item>
          <code>{condition.expression}</code>
        </a>
      );
    case 'burnRate':
      return (
        <a
          class="asked"
          href={`/explore/metrics?q=${encodeURIComponent(condition.errorShare.replaceAll('$window', '1h'))}`}
          data-item
        >
          <code>
            {condition.errorShare} against {condition.objective * 100} %
          </code>
        </a>
      );
    case 'count':
      return (
        <small class="about">
          at least {condition.atLeast} lines in {age(condition.windowMs)}
          {condition.by.length > 0 && ` by ${condition.by.join(', ')}`}: {matchersText(condition.matchers)}{' '}
          {condition.words.join(' ')}
        </small>
      );
    case 'firstSeen':
      return (
        <small class="about">
          an error that was never seen before, or came back: {matchersText(condition.matchers) || 'any'}
        </small>
      );
  }
}
