/** Objectives: what is attained of what was promised, and what is left of each error budget; the worst first. */
import type { ServiceState, SloSummary } from '../../src/live/wall-state.ts';
import { exactPercent, percent } from '../shared/format.ts';
import { Sign } from '../shared/sign.tsx';

const SHOWN = 8;
const SIGN: Readonly<Record<SloSummary['state'], ServiceState>> = {
  ...{ exhausted: 'down', burning: 'degraded', ok: 'ok', unknown: 'unknown' },
};

export function SlosScreen({ slos }: { slos: readonly SloSummary[] }) {
  const more = slos.length - SHOWN;
  return (
    <div class="wall-slos">
      <table class="wall-services">
        <thead>
          <tr>
            <th scope="col">Objective</th>
            <th scope="col">Attained</th>
            <th scope="col">of</th>
            <th scope="col">Budget left</th>
          </tr>
        </thead>
        <tbody>
          {slos.slice(0, SHOWN).map((slo) => (
            <Line key={slo.id} slo={slo} />
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="wall-quiet">and {more} more, all of them better</p>}
    </div>
  );
}

function Line({ slo: { name, service, target, attained, budgetLeft, state } }: { slo: SloSummary }) {
  return (
    <tr>
      <th scope="row">
        <Sign state={SIGN[state]} word={state} />
        <span>{service || name}</span> {service && <small>{name}</small>}
      </th>
      <td>{attained === undefined ? '–' : exactPercent(attained)}</td>
      <td class="wall-quiet">{exactPercent(target)}</td>
      <td>
        {budgetLeft === undefined ? (
          <span class="wall-quiet">not known</span>
        ) : (
          <span class={`wall-budget is-${state}`}>
            <span class="wall-budget-bar" aria-hidden="true">
              <i style={{ width: `${(budgetLeft <= 0 ? 1 : budgetLeft) * 100}%` }} />
            </span>
            <b>{budgetLeft <= 0 ? `−${percent(-budgetLeft)}` : percent(budgetLeft)}</b>
          </span>
        )}
      </td>
    </tr>
  );
}
