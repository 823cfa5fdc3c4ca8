/** How inputs, outputs and items become bytes. Both ends name what they can in their hello; JSON is what all can.
 * No bytes stand for `undefined`, which JSON does not have. */
import { GoblinError } from '@goblin/core';

export interface Codec {
  /** As in the hello. */
  readonly name: string;
  /** @throws INVALID_INPUT for what it cannot say */
  encode(value: unknown): string | Uint8Array;
  /** What stands from `start` up to `end`; the bytes are not the codec's to keep. @throws anything */
  decode(bytes: Buffer, start: number, end: number): unknown;
}

export const jsonCodec: Codec = {
  name: 'json',
  encode(value) {
    try {
      return JSON.stringify(value) ?? '';
    } catch (error) {
      const message = `this cannot be said as JSON: ${(error as Error).message}`;
      throw new GoblinError('INVALID_INPUT', { message, cause: error });
    }
  },
  decode: (bytes, start, end) => (start === end ? undefined : JSON.parse(bytes.toString('utf8', start, end))),
};

const CODECS: readonly Codec[] = [jsonCodec];

/** Names of what this process can, the best first. */
export const CODEC_NAMES: readonly string[] = CODECS.map(({ name }) => name);

/** The first of the names that this process can too. */
export function chooseCodec(names: readonly string[]): Codec | undefined {
  for (const name of names) {
    const codec = CODECS.find((one) => one.name === name);
    if (codec) return codec;
  }
  return undefined;
}
