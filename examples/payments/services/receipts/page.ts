/** The receipt as a page: for the screen and for paper. Everything that came from outside is escaped. */
import { format, type Money } from '../../money/money.ts';
import { merchants } from '../payments/merchants.ts';
import type { TaxLine } from '../tax/contract.ts';
import type { Receipt } from './contract.ts';

const LOCALE = 'en-GB';

export function receiptPage({ number, issuedAt, payment }: Receipt): string {
  const { lines, taxes, net, tax, amount, card, country } = payment;
  return layout(
    `Receipt ${number}`,
    `<header>
      <p class="shop">${escaped(merchants[payment.merchant])}</p>
      <h1>Receipt <span>${escaped(number)}</span></h1>
      <p><time datetime="${escaped(issuedAt)}">${escaped(dateOf(issuedAt))}</time> · ${escaped(countryName(country))}</p>
    </header>
    <table>
      <thead><tr><th scope="col">Item</th><th scope="col">Price</th></tr></thead>
      <tbody>${lines.map(({ text, amount: price }) => row(text, price)).join('')}</tbody>
      <tfoot>
        <tr class="total"><th scope="row">Total</th><td>${money(amount)}</td></tr>
      </tfoot>
    </table>
    <table class="tax">
      <caption>The total contains value added tax</caption>
      <thead><tr><th scope="col">Rate</th><th scope="col">Net</th><th scope="col">Tax</th><th scope="col">Gross</th></tr></thead>
      <tbody>${taxes.map(taxRow).join('')}</tbody>
      <tfoot><tr><th scope="row">Sum</th><td>${money(net)}</td><td>${money(tax)}</td><td>${money(amount)}</td></tr></tfoot>
    </table>
    <footer>
      <p>Paid with ${escaped(card.brand)} <span class="card">•••• ${escaped(card.last4)}</span></p>
      <p class="id">${escaped(payment.id)}</p>
      <p class="back"><a href="/">Back to the shop</a></p>
    </footer>`,
  );
}

/** Shown until the payment has settled; it looks again by itself. */
export function pendingPage(): string {
  return layout(
    'Receipt',
    `<header><h1>Not settled yet</h1></header>
    <p>A receipt is issued when the money has arrived. This page looks again every two seconds.</p>
    <footer><p class="back"><a href="/">Back to the shop</a></p></footer>`,
    '<meta http-equiv="refresh" content="2">',
  );
}

function layout(title: string, content: string, head = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${escaped(title)}</title>
  <link rel="stylesheet" href="/receipts/assets/receipt.css">${head}
</head>
<body>
  <main>
    ${content}
  </main>
</body>
</html>
`;
}

function row(text: string, price: Money): string {
  return `<tr><th scope="row">${escaped(text)}</th><td>${money(price)}</td></tr>`;
}

function taxRow({ goods, rate, net, tax, gross }: TaxLine): string {
  const label = `${rate} % <small>${goods === 'books' ? 'books' : 'goods'}</small>`;
  return `<tr><th scope="row">${label}</th><td>${money(net)}</td><td>${money(tax)}</td><td>${money(gross)}</td></tr>`;
}

function money(amount: Money): string {
  return escaped(format(amount, LOCALE));
}

function dateOf(iso: string): string {
  return new Intl.DateTimeFormat(LOCALE, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(
    new Date(iso),
  );
}

function countryName(code: string): string {
  return new Intl.DisplayNames(LOCALE, { type: 'region' }).of(code) ?? code;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
