/** A membership datagram after it was opened: refused as a whole, or read into what is written as the same bytes. */
import { DatagramWriter, MAX_PLAIN_BYTES, readDatagram } from '../src/membership/datagram.ts';
import { announcementIn } from '../src/membership/news.ts';
import { allNews, datagramOf, questions } from '../src/membership/testing/messages.ts';

export const name = 'membership-datagram';

export function seeds(): Uint8Array[] {
  return [
    ...questions.map((question) => datagramOf(question)),
    ...questions.map((question, i) => datagramOf(question, allNews.slice(0, i))),
  ];
}

export function run(bytes: Uint8Array): string {
  const datagram = readDatagram(bytes);
  if (!datagram) return 'refused';
  const announced = datagram.news.map((news) => `${news.kind} ${announcementIn(news) ? 'announced' : ''}`);
  if (bytes.length <= MAX_PLAIN_BYTES) {
    const writer = new DatagramWriter();
    writer.begin(datagram.question, datagram.sentAt);
    for (const news of datagram.news)
      if (!writer.add(news)) throw new Error('it does not fit into a datagram');
    // Flags that we do not know are not passed on.
    const isSame = datagram.question.kind === 'ack' || Buffer.compare(writer.plain, bytes) === 0;
    if (!isSame) throw new Error(`is written as ${Buffer.from(writer.plain).toString('hex')}`);
  }
  return `${datagram.question.kind}: ${[...new Set(announced)].sort().join(', ')}`;
}
