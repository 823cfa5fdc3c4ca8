/** A sealed message that somebody changed is not opened: only what was sealed with the key comes out. */
import { clusterKey, SEAL_BYTES } from '../src/discovery/cluster-key.ts';

export const name = 'cluster-key';

const key = clusterKey({
  cluster: 'fuzz',
  secret: ['the secret of the fuzzer', 'the one that it had before'],
});
const before = clusterKey({ cluster: 'fuzz', secret: 'the one that it had before' });

/** Sealed messages are others each time, but changed in the same way they are refused in the same way. */
export function seeds(): Uint8Array[] {
  return [
    key.seal(new Uint8Array()),
    key.seal(Buffer.from('{"kind":"here"}')),
    before.seal(Buffer.alloc(64, 7)),
  ];
}

export function run(bytes: Uint8Array): string {
  const plain = key.open(bytes);
  if (!plain) return bytes.length < SEAL_BYTES ? 'too short' : `refused ${bytes[0] === 1}`;
  if (plain.length !== bytes.length - SEAL_BYTES) throw new Error(`${plain.length} of ${bytes.length} bytes`);
  for (const at of [0, 1, 2, 20, SEAL_BYTES - 16, bytes.length - 1]) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1;
    if (key.open(changed)) throw new Error(`opened although byte ${at} was changed`);
  }
  return 'opened';
}
