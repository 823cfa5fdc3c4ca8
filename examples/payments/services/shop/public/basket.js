/** The basket with its price and the tax in it, asked anew after each change. Only the latest answer counts. */
import { priceBasket } from './api.js';
import { formatMoney } from './format.js';

/** @returns what holds the priced basket: `current` is undefined while it is empty or being priced. */
export function showBasket(choice) {
  const basket = Object.assign(new EventTarget(), { current: undefined, fault: undefined });
  let asking = new AbortController();

  choice.addEventListener('change', async () => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    basket.current = undefined;
    basket.fault = undefined;
    const items = [...choice.quantities].map(([product, quantity]) => ({ product, quantity }));
    document.getElementById('basket').hidden = items.length === 0;
    document.getElementById('basket-none').hidden = items.length > 0;
    if (items.length > 0) {
      const { country, currency } = choice;
      try {
        const priced = await priceBasket({ country, currency, items }, signal);
        if (signal.aborted) return;
        basket.current = { ...priced, country };
        show(priced);
      } catch (error) {
        if (signal.aborted) return;
        basket.fault = error.message;
      }
    }
    basket.dispatchEvent(new Event('change'));
  });
  return basket;
}

function show({ lines, total, taxes }) {
  document.getElementById('lines').replaceChildren(...lines.map(lineRow));
  document.getElementById('total').textContent = formatMoney(total);
  document.getElementById('taxes').replaceChildren(...taxes.map(taxItem));
}

function lineRow({ text, amount }) {
  const row = document.createElement('tr');
  const name = document.createElement('th');
  name.scope = 'row';
  name.textContent = text;
  row.append(name);
  row.insertCell().textContent = formatMoney(amount);
  if (text.startsWith('Shipping')) row.className = 'shipping';
  return row;
}

function taxItem({ goods, rate, tax }) {
  const item = document.createElement('li');
  item.textContent = `includes ${formatMoney(tax)} VAT (${rate} % on ${goods === 'books' ? 'books' : 'goods'})`;
  return item;
}
