/** The receipt as a mail. */
import { html, mail } from 'goblin/mail';
import { format } from '../../money/money.ts';
import { merchants } from '../payments/merchants.ts';
import { Receipt } from './contract.ts';

const LOCALE = 'en-GB';

export const receiptMail = mail('receipts.receipt', {
  data: Receipt,
  subject: ({ number }) => `Your receipt ${number}`,
  text: ({ number, payment: { merchant, lines, amount, tax } }) =>
    [
      'Thank you for your order.',
      `This is receipt ${number}.`,
      lines.map((line) => `${line.text}: ${format(line.amount, LOCALE)}`).join('\n'),
      `Total: ${format(amount, LOCALE)}, of which value added tax ${format(tax, LOCALE)}`,
      merchants[merchant],
    ].join('\n\n'),
  html: ({ number, payment: { merchant, lines, amount, tax } }) => html`
    <h1>Thank you for your order</h1>
    <p>This is receipt <b>${number}</b>.</p>
    <table>
      ${lines.map((line) => html`<tr><td>${line.text}</td><td class="price">${format(line.amount, LOCALE)}</td></tr>`)}
      <tr class="total"><td>Total</td><td class="price">${format(amount, LOCALE)}</td></tr>
    </table>
    <p class="small">Of the total, ${format(tax, LOCALE)} is value added tax.</p>
    <p>${merchants[merchant]}</p>`,
  css: `
    body { color: #222; font: 16px/1.5 system-ui, sans-serif; margin: 24px }
    td { padding: 4px 24px 4px 0 }
    .price { text-align: right }
    .total td { border-top: 1px solid #888; font-weight: bold }
    .small { color: #555; font-size: 14px }`,
});
