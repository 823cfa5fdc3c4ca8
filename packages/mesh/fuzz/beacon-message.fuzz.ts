/** What comes out of an opened beacon datagram, and the parts of large announcements that are put together. Each line of
 * the input is one datagram. */
import { MAX_CONTRACTS } from '../src/discovery/announcement.ts';
import { assembler, decodeBeacon, encodeBeacon } from '../src/discovery/beacon-message.ts';
import { announcement } from '../src/discovery/testing/recorder.ts';

export const name = 'beacon-message';

/** With two contracts that do not fit into one datagram. */
const LARGE = announcement('tax-1', {
  contracts: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => name.padEnd(120, 'x')),
});

export function seeds(): Uint8Array[] {
  let sequence = 0;
  const encode = (kind: 'here' | 'ask' | 'bye', one = announcement('tax-1')): Uint8Array =>
    Buffer.from(
      encodeBeacon(kind, one, 1_750_000_000_000, () => ++sequence)
        .map(String)
        .join('\n'),
    );
  return [encode('here'), encode('ask'), encode('bye'), encode('here', LARGE)];
}

export function run(bytes: Uint8Array): string {
  const parts = assembler();
  const outcomes = new Set<string>();
  for (const line of Buffer.from(bytes).toString('latin1').split('\n')) {
    const message = decodeBeacon(Buffer.from(line, 'latin1'));
    if (!message) outcomes.add('refused');
    else {
      const whole = parts.add(message);
      if (whole && whole.contracts.length > MAX_CONTRACTS)
        throw new Error(`${whole.contracts.length} contracts`);
      outcomes.add(`${message.kind} ${message.parts > 1 ? 'part' : ''} ${whole ? 'whole' : ''}`);
    }
  }
  return [...outcomes].sort().join(', ');
}
