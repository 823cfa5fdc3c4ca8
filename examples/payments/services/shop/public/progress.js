/** How far a payment has come: three steps, one sentence, and the receipt in the end. */

const SENTENCES = {
  sending: 'Asking the bank …',
  pending: 'The bank has not answered yet. We keep asking; nothing is charged twice.',
  authorized: 'The bank has agreed. The money is on its way.',
  settled: 'Paid. Thank you!',
};

const REASONS = {
  card_declined: 'The bank declined this card.',
  insufficient_funds: 'There is not enough money on this card.',
  acquirer_unreachable: 'The bank could not be reached. Nothing was charged.',
  abandoned: 'The payment was interrupted. Nothing was charged.',
};

const LABELS = ['Sent to the bank', 'Authorised', 'Settled'];

/** For each step: done, now, or not reached. The one it stopped at has a name instead. */
const STEPS = {
  sending: ['now', '', ''],
  pending: ['now', '', ''],
  authorized: ['done', 'done', 'now'],
  settled: ['done', 'done', 'done'],
  declined: ['done', 'Declined', ''],
  failed: ['Failed', '', ''],
  refused: ['Refused', '', ''],
};

/** @param email where the receipt goes, if anywhere. */
export function showProgress({ id, status, reason }, email) {
  const find = (name) => document.getElementById(name);
  find('progress').hidden = false;
  for (const [index, step] of [...find('steps').children].entries()) {
    const state = STEPS[status][index];
    const stopped = !['done', 'now', ''].includes(state);
    step.dataset.state = stopped ? 'stopped' : state;
    step.textContent = stopped ? state : LABELS[index];
    if (state === 'now') step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  }
  const outcome = find('outcome');
  outcome.textContent = SENTENCES[status] ?? REASONS[reason] ?? reason;
  if (status === 'settled' && email) outcome.textContent += ` The receipt is on its way to ${email}.`;
  outcome.dataset.kind = status === 'settled' ? 'good' : status in SENTENCES ? '' : 'bad';
  find('payment-id').textContent = id ?? '';
  const receipt = find('receipt');
  receipt.hidden = status !== 'settled';
  if (id) receipt.href = `/receipts/${id}`;
}
