/** All books together. */
import type { Breach } from './breach.ts';
import { carriedBook } from './carried-book.ts';
import { chargesBook } from './charges-book.ts';
import { eventsBook } from './events-book.ts';
import type { Evidence } from './evidence.ts';
import { leasesBook } from './leases-book.ts';
import { mailsBook } from './mails-book.ts';
import { ordersBook } from './orders-book.ts';
import { slotsBook } from './slots-book.ts';
import { tasksBook } from './tasks-book.ts';

const BOOKS: readonly ((evidence: Evidence) => Breach[])[] = [
  tasksBook,
  chargesBook,
  ordersBook,
  mailsBook,
  slotsBook,
  eventsBook,
  carriedBook,
  leasesBook,
];

/** What does not balance; nothing, if every promise was kept. */
export function balance(evidence: Evidence): Breach[] {
  return BOOKS.flatMap((book) => book(evidence));
}
