/** The latest payments of everybody. Shown anew after each change of one's own. */
import { latestPayments } from './api.js';
import { formatMoney, formatTime } from './format.js';

export async function showRecent() {
  const page = await latestPayments().catch(() => undefined);
  if (!page) return;
  document.getElementById('recent').replaceChildren(...page.payments.map(paymentRow));
  document.getElementById('recent-none').hidden = page.payments.length > 0;
}

function paymentRow({ id, status, amount, card, createdAt }) {
  const row = document.createElement('tr');
  row.insertCell().textContent = formatTime(createdAt);
  row.insertCell().textContent = `${card.brand} ${card.last4}`;
  row.insertCell().textContent = formatMoney(amount);
  const cell = row.insertCell();
  const label = document.createElement(status === 'settled' ? 'a' : 'span');
  label.className = 'status';
  label.dataset.status = status;
  label.textContent = status;
  if (status === 'settled') label.href = `/receipts/${id}`;
  cell.append(label);
  return row;
}
