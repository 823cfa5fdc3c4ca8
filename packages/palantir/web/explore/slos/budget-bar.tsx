/** What is left of an error budget, as a bar; what is overspent fills it whole, and says by how much. */
import type { Slo } from '../../../src/slo/slo.ts';
import { percent } from '../../shared/format.ts';

export function BudgetBar({ budgetLeft, state }: Pick<Slo, 'budgetLeft' | 'state'>) {
  if (budgetLeft === undefined) return <span class="quiet">not known</span>;
  const isSpent = budgetLeft <= 0;
  const share = isSpent ? 1 : budgetLeft;
  return (
    <span class={`budget is-${state}`}>
      <span class="budget-bar" aria-hidden="true">
        <i style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </span>
      <span>{isSpent ? `overspent by ${percent(-budgetLeft)}` : percent(budgetLeft)}</span>
    </span>
  );
}
