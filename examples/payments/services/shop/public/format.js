/** Numbers, names and times for people, in the language of their browser. */

const digitsOf = new Map();

/** Told once which currency has how many digits, because browsers and ISO 4217 disagree on some. */
export function learnDigits(currencies) {
  for (const { code, digits } of currencies) digitsOf.set(code, digits);
}

/** The digits are moved as text, so no amount is too large to be shown exactly. */
export function formatMoney({ currency, minor }) {
  const digits = digitsOf.get(currency) ?? 2;
  const format = new Intl.NumberFormat(undefined, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const text = String(minor).padStart(digits + 1, '0');
  return format.format(digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`);
}

export function countryName(code) {
  return new Intl.DisplayNames(undefined, { type: 'region' }).of(code);
}

export function currencyName(code) {
  return new Intl.DisplayNames(undefined, { type: 'currency' }).of(code);
}

export function formatTime(iso) {
  return new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' }).format(new Date(iso));
}
