/** The form and the way of one payment. A key is made when the customer presses Pay and stays the same for all
 * tries of that payment; the button works again when it is final. */
import { pay, watchPayment } from './api.js';
import { emailField } from './email.js';
import { formatMoney } from './format.js';
import { showProgress } from './progress.js';
import { showRecent } from './recent.js';

const TEST_CARDS = [
  { label: 'Works', number: '4242424242424242' },
  { label: 'Mastercard', number: '5555555555554444' },
  { label: 'Declined', number: '4000000000000002' },
  { label: 'No funds', number: '4000000000009995' },
  { label: 'Bank loses its answer', number: '4000000000000341' },
  { label: 'Bank is down', number: '4000000000000119' },
];

export function preparePayment(basket) {
  const form = document.getElementById('pay');
  const card = document.getElementById('card');
  const fault = document.getElementById('card-error');
  const submit = document.getElementById('submit');
  const address = emailField();
  let busy = false;

  const chips = TEST_CARDS.map(({ label, number }) => {
    const chip = document.createElement('button');
    chip.type = 'button';
    chip.textContent = label;
    chip.addEventListener('click', () => {
      card.value = number;
      card.dispatchEvent(new Event('input'));
    });
    return { chip, number };
  });
  document.getElementById('cards').replaceChildren(...chips.map(({ chip }) => chip));

  card.addEventListener('input', () => {
    const number = digits(card.value);
    card.value = number.replace(/(\d{4})(?=\d)/g, '$1 ');
    document.getElementById('brand').textContent = brandOf(number);
    for (const entry of chips) entry.chip.setAttribute('aria-pressed', String(entry.number === number));
    complain('');
  });
  basket.addEventListener('change', refresh);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const number = digits(card.value);
    if (!hasCheckDigit(number)) {
      complain(
        number === ''
          ? 'Enter a card number, or take a test card.'
          : 'This is no card number: a digit is wrong.',
      );
      card.focus();
      return;
    }
    if (!address.check() || !basket.current || busy) return;
    busy = true;
    refresh();
    complain('');
    const { total: amount, lines, country } = basket.current;
    const email = address.value;
    try {
      showProgress({ status: 'sending' });
      const payment = await pay(newKey(), {
        amount,
        country,
        lines,
        card: { number },
        ...(email && { email }),
      });
      watchPayment(payment.id, (changed) => {
        showProgress(changed, email);
        showRecent();
      });
    } catch (error) {
      showProgress({ status: 'refused', reason: error.message });
    }
    busy = false;
    refresh();
  });

  function refresh() {
    submit.disabled = busy || !basket.current;
    submit.textContent = busy
      ? 'Paying …'
      : basket.current
        ? `Pay ${formatMoney(basket.current.total)}`
        : 'Pay';
    if (basket.fault) complain(basket.fault);
  }

  function complain(text) {
    fault.textContent = text;
    card.setAttribute('aria-invalid', String(text !== ''));
  }
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

function digits(text) {
  return text.replace(/\D/g, '').slice(0, 19);
}

function brandOf(number) {
  if (number.startsWith('4')) return 'Visa';
  if (/^5[1-5]/.test(number)) return 'Mastercard';
  return '';
}

/** Luhn, as the platform checks it. */
function hasCheckDigit(number) {
  const sum = [...number].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return number.length >= 12 && sum % 10 === 0;
}
