/** The products, and how many of each are wanted. */
import { formatMoney } from './format.js';

const MOST = 99;

export function showProducts(choice, products) {
  const template = document.getElementById('product-template');
  const list = document.getElementById('products');
  for (const product of products) {
    const item = template.content.cloneNode(true).firstElementChild;
    list.append(item);
    const find = (selector) => item.querySelector(selector);
    find('img').src = `/art/${product.id}.svg`;
    find('h3').textContent = product.name;
    find('.description').textContent = product.description;
    find('.stepper').setAttribute('aria-label', `How many: ${product.name}`);
    find('.less').setAttribute('aria-label', `One ${product.name} less`);
    find('.more').setAttribute('aria-label', `One ${product.name} more`);

    const wanted = () => choice.quantities.get(product.id) ?? 0;
    const change = (by) => {
      const quantity = Math.min(MOST, Math.max(0, wanted() + by));
      if (quantity === 0) choice.quantities.delete(product.id);
      else choice.quantities.set(product.id, quantity);
      choice.changed();
    };
    find('.less').addEventListener('click', () => change(-1));
    find('.more').addEventListener('click', () => change(1));
    choice.addEventListener('change', () => {
      find('.price').textContent = formatMoney(
        product.prices.find(({ currency }) => currency === choice.currency),
      );
      find('output').textContent = wanted();
    });
  }
}
