/** A stream of unknown length as parts of known lengths. S3 takes at most 10,000 parts of an upload, all but the last of 5 MiB or
 * more; so parts grow: the first thousand have 8 MiB, the second 16 MiB and so on, up to 80 MiB. That makes 430 GiB, and who reads
 * the blob knows from its size where each part began. */
import { createHash } from 'node:crypto';
import { GoblinError } from '@goblin/core';

export const FIRST_PART_BYTES = 8_388_608;
const PARTS_OF_ONE_SIZE = 1_000;
export const MAX_PARTS = 10_000;

/** @param number from 1 on. */
export function partBytes(number: number): number {
  return FIRST_PART_BYTES * Math.ceil(number / PARTS_OF_ONE_SIZE);
}

export interface Part {
  /** From 1 on. */
  readonly number: number;
  readonly bytes: Buffer;
  readonly isLast: boolean;
}

/** At least one part, which may be empty. @throws PAYLOAD_TOO_LARGE */
export async function* inParts(body: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Part> {
  let number = 1;
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    waiting.push(chunk);
    size += chunk.byteLength;
    // A full part may be the last one: it is held back until more comes.
    while (size > partBytes(number)) {
      if (number === MAX_PARTS) throw tooLarge(key);
      const all = Buffer.concat(waiting);
      const wanted = partBytes(number);
      yield { number, bytes: all.subarray(0, wanted), isLast: false };
      number++;
      waiting = [all.subarray(wanted)];
      size -= wanted;
    }
  }
  yield { number, bytes: Buffer.concat(waiting), isLast: true };
}

function tooLarge(key: string): GoblinError {
  return new GoblinError('PAYLOAD_TOO_LARGE', {
    message: `${key} is larger than ${MAX_PARTS} parts can hold`,
  });
}

/** The checksum that S3 gives an object of several parts as its ETag: the MD5 of the MD5s of its parts, and how many they are. */
export class PartsDigest {
  readonly #whole = createHash('md5');
  #number = 1;
  #part = createHash('md5');
  #inPart = 0;

  update(chunk: Uint8Array): void {
    for (let rest = chunk; rest.byteLength > 0; ) {
      // The next part begins with the next byte, so that none at the end is empty.
      if (this.#inPart === partBytes(this.#number)) this.#endPart();
      const taken = rest.subarray(0, partBytes(this.#number) - this.#inPart);
      this.#part.update(taken);
      this.#inPart += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
    }
  }

  etag(): string {
    this.#whole.update(this.#part.digest());
    return `${this.#whole.digest('hex')}-${this.#number}`;
  }

  #endPart(): void {
    this.#whole.update(this.#part.digest());
    this.#part = createHash('md5');
    this.#inPart = 0;
    this.#number++;
  }
}
