/** Mails, counted at the servers by Message-ID: never-twice is never twice, before and after the unknown ones were resolved; none is
 * lost; and whatever is not known to be sent is listed as unknown. */
import { isAtLeastOnce } from '../callers.ts';
import { letter, receipt } from '../work/definitions.ts';
import { type Breach, exactlyOnce } from './breach.ts';
import type { Evidence } from './evidence.ts';

const LOST = 'no mail is lost';
const TWICE = 'under never-twice no mail is sent twice';
const LISTED = 'every mail of which nobody knows whether it was sent is listed as unknown';

export function mailsBook({ asked, mails, taken, mailsBefore }: Evidence): Breach[] {
  const keysOf = (kind: string): string[] =>
    mails.filter((message) => message.kind === kind).map(({ key }) => key);
  const promises = { lost: LOST, twice: 'a mail of one kind and key is one mail' };
  const breaches = [
    ...exactlyOnce(letter.kind, asked.letter, keysOf(letter.kind), promises),
    ...exactlyOnce(receipt.kind, asked.order, keysOf(receipt.kind), promises),
  ];
  const counts = new Map<string, number>();
  for (const { messageId } of taken) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
  for (const { kind, key, state, messageId, policy } of mails) {
    const item = `${kind} ${key}`;
    const count = counts.get(messageId ?? '') ?? 0;
    counts.delete(messageId ?? '');
    if (state !== 'sent') breaches.push({ promise: LOST, item, what: `it ends as ${state}` });
    if (count === 0) breaches.push({ promise: LOST, item, what: 'no server has it' });
    if (count > 1 && policy === 'never-twice')
      breaches.push({ promise: TWICE, item, what: `the servers took it ${count} times` });
    const wanted = kind === letter.kind && isAtLeastOnce(key) ? 'at-least-once' : 'never-twice';
    if (policy !== wanted)
      breaches.push({ promise: TWICE, item, what: `its policy is ${policy}, not ${wanted}` });
  }
  for (const messageId of counts.keys())
    breaches.push({
      promise: 'nothing comes of what was rolled back',
      item: `mail ${messageId}`,
      what: 'a server has it, and nobody has asked for it',
    });
  const { listed, unknown, calledSent } = mailsBefore;
  if (listed.length !== unknown)
    breaches.push({
      promise: LISTED,
      item: 'mail unknown',
      what: `${unknown} are unknown, ${listed.length} listed`,
    });
  for (const key of calledSent)
    breaches.push({ promise: LISTED, item: `mail ${key}`, what: 'it was called sent, and no server has it' });
  return breaches;
}
