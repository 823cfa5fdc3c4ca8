/** What members ask each other over TCP, digests included, after it was opened: refused as a whole, or read into what is
 * written as the same bytes. */
import { readExchange, writeExchange } from '../src/membership/exchange-message.ts';
import { announcementIn } from '../src/membership/news.ts';
import { exchangeOf, exchanges } from '../src/membership/testing/messages.ts';

export const name = 'membership-exchange';

export function seeds(): Uint8Array[] {
  return exchanges.map(exchangeOf);
}

export function run(bytes: Uint8Array): string {
  const message = readExchange(bytes);
  if (!message) return 'refused';
  const written = writeExchange(message);
  if (Buffer.compare(written, bytes) !== 0)
    throw new Error(`is written as ${Buffer.from(written).toString('hex')}`);
  const news = 'news' in message ? message.news : [];
  const kinds = news.map((one) => `${one.kind} ${announcementIn(one) ? 'announced' : ''}`);
  return `${message.kind}: ${[...new Set(kinds)].sort().join(', ')}`;
}
