/** Puts the page together: what is chosen, what it costs, how it is paid, what was paid. */
import { catalogue } from './api.js';
import { showBasket } from './basket.js';
import { preparePayment } from './payment.js';
import { choosePlace } from './place.js';
import { showProducts } from './products.js';
import { showRecent } from './recent.js';

const { products, currencies, countries } = await catalogue();

/** What the customer has chosen. Whoever shows a part of it listens for `change`. */
const choice = Object.assign(new EventTarget(), {
  country: 'DE',
  currency: 'EUR',
  /** Product id → how many. */
  quantities: new Map([['shirt', 1]]),
  changed() {
    this.dispatchEvent(new Event('change'));
  },
});

choosePlace(choice, countries, currencies);
showProducts(choice, products);
const basket = showBasket(choice);
preparePayment(basket);
choice.changed();
showRecent();
