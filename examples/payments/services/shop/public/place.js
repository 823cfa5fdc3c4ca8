/** Where it is shipped to and in which currency it is paid. Both are remembered on this device. */
import { countryName, currencyName, learnDigits } from './format.js';

export function choosePlace(choice, countries, currencies) {
  learnDigits(currencies);
  const byName = (a, b) => a.label.localeCompare(b.label);
  fill(
    'country',
    countries
      .map(({ country, rate }) => ({ value: country, label: `${countryName(country)} (${rate} %)` }))
      .sort(byName),
  );
  fill(
    'currency',
    currencies.map(({ code }) => ({ value: code, label: `${code} – ${currencyName(code)}` })),
  );

  function fill(name, options) {
    const select = document.getElementById(name);
    for (const { value, label } of options) select.add(new Option(label, value));
    const remembered = localStorage.getItem(name);
    if (options.some(({ value }) => value === remembered)) choice[name] = remembered;
    select.value = choice[name];
    select.addEventListener('change', () => {
      choice[name] = select.value;
      localStorage.setItem(name, select.value);
      choice.changed();
    });
  }
}
