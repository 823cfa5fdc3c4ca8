/** The values that the lines shown have, to narrow the search by a click. */
import { useMemo, useState } from 'preact/hooks';
import { count } from '../../shared/format.ts';
import { type FacetValue, facetsOf } from './facets.ts';
import type { NumberedLine } from './line-buffer.ts';
import { type Condition, hasCondition } from './log-query.ts';

interface Props {
  readonly lines: readonly NumberedLine[];
  readonly query: string;
  readonly onFilter: (condition: Condition) => void;
}

const OPEN_FACETS = 4;

export function FacetList({ lines, query, onFilter }: Props) {
  const facets = useMemo(() => facetsOf(lines), [lines]);
  const [isShown, setShown] = useState(false);
  /** What somebody has opened and closed; the first few are open by themselves. */
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  return (
    <aside class={`facets ${isShown ? 'is-open' : ''}`} aria-label="Values of the lines shown">
      <button type="button" class="facets-toggle" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
        Filter by value
      </button>
      <div class="facets-all">
        {facets.map(({ name, values, distinct }, index) => {
          const isOpen = toggled.get(name) ?? index < OPEN_FACETS;
          return (
            <section key={name}>
              <button
                type="button"
                class="facet"
                aria-expanded={isOpen}
                onClick={() => setToggled(new Map(toggled).set(name, !isOpen))}
              >
                <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {name} <small>{distinct}</small>
              </button>
              {isOpen && <Values name={name} values={values} query={query} onFilter={onFilter} />}
            </section>
          );
        })}
      </div>
    </aside>
  );
}

interface ValuesProps extends Pick<Props, 'query' | 'onFilter'> {
  readonly name: string;
  readonly values: readonly FacetValue[];
}

function Values({ name, values, query, onFilter }: ValuesProps) {
  return (
    <ul>
      {values.map(({ value, count: times }) => {
        const condition: Condition = { name, op: '=', value };
        return (
          <li key={value}>
            <button
              type="button"
              aria-pressed={hasCondition(query, condition)}
              onClick={() => onFilter(condition)}
              title={value}
            >
              <span>{value || '(empty)'}</span> <small>{count(times)}</small>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
