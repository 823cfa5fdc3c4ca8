/** Which words a block may hold: a Bloom filter (Burton Bloom, 1970) over its words, as small as its words allow. A word is a run of
 * letters, digits and underscores, not told apart by the case of A to Z; everything beyond ASCII counts as a letter. What is
 * looked for is read in the same way, so a search for `order-17` asks for `order` and `17`. */

const HASHES = 5;
const MAX_BITS = 131_072;
const MIN_BITS = 512;
/** The filter is halved as long as no more than this share of bits is set: 0.5 ** 5 is 3 % of false hits at most. */
const MAX_FILL = 0.5;
/** Longer runs (keys, pictures in base64) are told apart by their beginning. */
const MAX_WORD_LENGTH = 64;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** For each of the 128 characters of ASCII what it counts as; 0 where it is no part of a word. */
const FOLDED: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /\w/.test(character) ? character.toLowerCase().charCodeAt(0) : 0;
});

export class WordFilter {
  readonly #bits = new Uint8Array(MAX_BITS / 8);

  addText(text: string): void {
    forEachWord(text, (hash) => this.#set(hash));
  }

  /** Halved as far as it goes. */
  done(): Uint8Array {
    let bits: Uint8Array = this.#bits;
    while (bits.length * 8 > MIN_BITS) {
      const half = bits.slice(0, bits.length / 2);
      for (let i = 0; i < half.length; i++) half[i]! |= bits[half.length + i]!;
      if (fillOf(half) > MAX_FILL) break;
      bits = half;
    }
    return bits;
  }

  #set(hash: number): void {
    const step = secondHash(hash);
    for (let i = 0; i < HASHES; i++) {
      const bit = (hash + Math.imul(i, step)) & (MAX_BITS - 1);
      this.#bits[bit >>> 3]! |= 1 << (bit & 7);
    }
  }
}

/** The hashes of the words of a text. */
export function wordsOf(text: string): number[] {
  const hashes: number[] = [];
  forEachWord(text, (hash) => hashes.push(hash));
  return hashes;
}

/** The words that a text must have which has this somewhere within: not those at its ends, which may be parts of longer ones. */
export function innerWordsOf(part: string): number[] {
  return wordsOf(part.replace(/^[\w\u0080-\uffff]+/, '').replace(/[\w\u0080-\uffff]+$/, ''));
}

/** False where the block surely lacks one of the words. */
export function mayHave(filter: Uint8Array, hashes: readonly number[]): boolean {
  const mask = filter.length * 8 - 1;
  for (const hash of hashes) {
    const step = secondHash(hash);
    for (let i = 0; i < HASHES; i++) {
      const bit = (hash + Math.imul(i, step)) & mask;
      if ((filter[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    }
  }
  return true;
}

/** Whether each of the words occurs in the text, as a whole word. */
export function hasWords(text: string, hashes: readonly number[]): boolean {
  if (hashes.length === 0) return true;
  const missing = new Set(hashes);
  forEachWord(text, (hash) => missing.delete(hash));
  return missing.size === 0;
}

/** Odd, so that it visits all bits. */
function secondHash(hash: number): number {
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0) | 1;
}

function forEachWord(text: string, visit: (hash: number) => void): void {
  let hash = FNV_OFFSET;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const folded = code < 128 ? FOLDED[code]! : code;
    if (folded !== 0) {
      if (length++ < MAX_WORD_LENGTH) hash = Math.imul(hash ^ folded, FNV_PRIME);
    } else if (length > 0) {
      visit(mixed(hash));
      hash = FNV_OFFSET;
      length = 0;
    }
  }
  if (length > 0) visit(mixed(hash));
}

/** FNV's lower bits alone are weak; this is the end of MurmurHash3. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (half ^ (half >>> 13)) >>> 0;
}

function fillOf(bits: Uint8Array): number {
  let set = 0;
  for (let i = 0; i < bits.length; i++) {
    let byte = bits[i]!;
    while (byte) {
      byte &= byte - 1;
      set++;
    }
  }
  return set / (bits.length * 8);
}
