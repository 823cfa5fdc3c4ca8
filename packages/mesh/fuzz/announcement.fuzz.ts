/** What a peer says of itself, as JSON: refused, or read into what is read the same again and keeps to all limits. */
import { parseAnnouncement } from '../src/discovery/announcement.ts';
import { announcement } from '../src/discovery/testing/recorder.ts';

export const name = 'announcement';

/** Of 500 contracts of 128 characters, and little else. */
const MAX_BYTES = 70_000;

export function seeds(): Uint8Array[] {
  return [
    announcement('tax-1'),
    announcement('tax-2', {
      zone: 'eu-1',
      weight: 0.5,
      load: 0.25,
      tenant: 'acme',
      gossip: { host: '::1', port: 7_946 },
      link: { tls: true, path: '/run/tax.sock' },
    }),
  ].map((one) => Buffer.from(JSON.stringify(one)));
}

export function run(bytes: Uint8Array): string {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return 'no JSON';
  }
  const read = parseAnnouncement(value);
  if (!read) return 'refused';
  const text = JSON.stringify(read);
  if (Buffer.byteLength(text) > MAX_BYTES) throw new Error(`${Buffer.byteLength(text)} bytes are taken`);
  const again = JSON.stringify(parseAnnouncement(JSON.parse(text)));
  if (again !== text) throw new Error(`${text} is read again as ${again}`);
  return Object.keys(JSON.parse(text)).join(' ');
}
