/** Messages and beacons of ZRE: what is read can be written again and read as the same. The first byte says where a
 * message's second frame begins. */
import { isDeepStrictEqual } from 'node:util';
import { decodeBeaconSignal, encodeBeaconSignal } from '../src/sleuth/zre-beacon.ts';
import { decodeZre, encodeZre, ZreViolation } from '../src/sleuth/zre-codec.ts';

export const name = 'zre';

const UUID = '0123456789ABCDEF'.repeat(2);

export function seeds(): Uint8Array[] {
  const hello = encodeZre(
    {
      kind: 'hello',
      endpoint: 'tcp://10.0.0.7:49152',
      groups: ['SLEUTH-v1', 'CHAT'],
      status: 2,
      name: UUID,
      headers: new Map([['type', 'tax']]),
    },
    1,
  );
  const messages = [
    hello,
    encodeZre({ kind: 'whisper', content: Buffer.from('SLEUTH-v1REPL') }, 2),
    encodeZre({ kind: 'shout', group: 'CHAT', content: Buffer.from('hi') }, 3),
    encodeZre({ kind: 'join', group: 'CHAT', status: 255 }, 65_535),
    encodeZre({ kind: 'leave', group: '', status: 0 }, 0),
    encodeZre({ kind: 'ping' }, 4),
    [encodeBeaconSignal({ uuid: UUID, port: 49_152 })],
  ];
  return messages.map((frames) => Buffer.concat([Buffer.of(frames[0]!.length), ...frames]));
}

export function run(input: Uint8Array): string {
  const bytes = Buffer.from(input.subarray(1));
  const signal = decodeBeaconSignal(bytes);
  if (signal && !encodeBeaconSignal(signal).equals(bytes))
    throw new Error('a beacon that is written otherwise');
  const frames = [bytes.subarray(0, input[0] ?? 0), bytes.subarray(input[0] ?? 0)];
  try {
    const { sequence, message } = decodeZre(frames);
    if (!message) return 'unknown';
    const again = decodeZre(encodeZre(message, sequence));
    // Bytes that are no UTF-8 become U+FFFD once, and stay so; such a name may be too long to be said again.
    if (!isDeepStrictEqual(again, { sequence, message }))
      throw new Error(`${message.kind} is read otherwise`);
    return `${signal ? 'beacon ' : ''}${message.kind}`;
  } catch (error) {
    if (error instanceof ZreViolation) return error.message.replace(/".*"|\d+/g, '');
    if (error instanceof RangeError) return 'too long to be said again';
    throw error;
  }
}
