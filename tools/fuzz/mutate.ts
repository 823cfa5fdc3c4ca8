/** Changes good inputs into ones that are nearly good, by what has broken parsers before: bits, numbers at their limits,
 * lengths that lie, cuts, repetitions, and pieces of other inputs. */
import { mutateJson } from './mutate-json.ts';
import type { Random } from './random.ts';

export const MAX_INPUT_BYTES = 8_192;
/** Changes to one input: 1, 2, 4 … at most. */
const MAX_CHANGES_LOG2 = 4;

const NUMBERS: readonly number[] = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 63, 64, 100, 126, 127, 128, 254, 255, 256, 511, 512, 1_023, 1_024,
  4_095, 4_096, 4_097, 16_384, 32_767, 32_768, 65_534, 65_535, 65_536, 1_048_576, 0x7fff_ffff, 0x8000_0000,
  0xffff_fffe, 0xffff_ffff, 0xffff_ffff_fffe, 0xffff_ffff_ffff,
];

/** What means something in JSON, HTTP and paths. */
const WORDS: readonly Buffer[] = [
  '{}',
  '[]',
  '[[[[[[[[',
  'null',
  'true',
  '-1',
  '0.5',
  '1e999',
  '9007199254740993',
  '""',
  '\\u0000',
  '\\ud800',
  '"__proto__":',
  '"toString":1',
  '"constructor":',
  ',',
  ':',
  '}',
  ']',
  '"',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\0',
  ' ',
  '\t',
  ';',
  '=',
  '%',
  '%00',
  '%2e',
  '%2f',
  '%5c',
  '..',
  '/../',
  '//',
  '\\',
  '#',
  '?',
  '@',
  '\xff',
  '\xc0\xaf',
  '😀',
].map((word) => Buffer.from(word, word.length > 1 && word.charCodeAt(0) === 0xc0 ? 'latin1' : 'utf8'));

const BRACKETS = [
  ['{', '}'],
  ['[', ']'],
] as const;
/** At so many closing brackets it is tried whether the JSON ends there. */
const MAX_BRACKETS = 8;

type Change = (bytes: Buffer, random: Random, pool: readonly Uint8Array[]) => Buffer;

const flipBit: Change = (bytes, { below }) => {
  if (bytes.length > 0) bytes[below(bytes.length)]! ^= 1 << below(8);
  return bytes;
};

const changes: readonly Change[] = [
  flipBit,
  function setByte(bytes, { below }) {
    if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
    return bytes;
  },
  function addToByte(bytes, { below }) {
    if (bytes.length > 0) bytes[below(bytes.length)]! += below(33) - 16;
    return bytes;
  },
  function putNumber(bytes, { below, pick }) {
    const size = pick([1, 2, 4, 6]);
    if (bytes.length < size) return bytes;
    bytes.writeUIntBE(pick(NUMBERS) % 2 ** (8 * size), below(bytes.length - size + 1), size);
    return bytes;
  },
  function addToNumber(bytes, { below, pick }) {
    const size = pick([2, 4]);
    if (bytes.length < size) return bytes;
    const at = below(bytes.length - size + 1);
    const sum = bytes.readUIntBE(at, size) + below(65) - 32;
    bytes.writeUIntBE((sum + 2 ** (8 * size)) % 2 ** (8 * size), at, size);
    return bytes;
  },
  function cutOff(bytes, { below }) {
    return bytes.subarray(0, below(bytes.length + 1));
  },
  function takeOut(bytes, random) {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function repeat(bytes, random) {
    const [from, to] = range(bytes, random);
    const times = 1 + random.below(random.pick([2, 8, 64]));
    const piece = bytes.subarray(from, to);
    return Buffer.concat([
      bytes.subarray(0, to),
      ...new Array<Buffer>(times).fill(piece),
      bytes.subarray(to),
    ]);
  },
  function move(bytes, random) {
    const [from, to] = range(bytes, random);
    const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    return insert(rest, bytes.subarray(from, to), random);
  },
  function putWord(bytes, random) {
    return insert(bytes, random.pick(WORDS), random);
  },
  function putNoise(bytes, random) {
    return insert(
      bytes,
      Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256))),
      random,
    );
  },
  function putPiece(bytes, random, pool) {
    const other = Buffer.from(random.pick(pool));
    return insert(bytes, other.subarray(...range(other, random)), random);
  },
  function splice(bytes, random, pool) {
    const other = random.pick(pool);
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
];

/** An input like one of the pool, which is not changed. */
export function mutate(pool: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Buffer = Buffer.from(random.pick(pool));
  if (random.below(2) === 0) bytes = mutateJsonIn(bytes, random);
  else {
    for (let left = 2 ** random.below(MAX_CHANGES_LOG2 + 1); left > 0; left--) {
      bytes = random.pick(changes)(bytes, random, pool);
      if (bytes.length > MAX_INPUT_BYTES) bytes = bytes.subarray(0, MAX_INPUT_BYTES);
    }
  }
  return bytes.subarray(0, MAX_INPUT_BYTES);
}

/** Changes JSON that the input is or has in it; the input by a bit where there is none. */
function mutateJsonIn(bytes: Buffer, random: Random): Buffer {
  const opens = random.pick(BRACKETS);
  const from = bytes.indexOf(opens[0], random.below(2) * random.below(bytes.length + 1));
  let to = from;
  for (let tries = 0; from >= 0 && tries < MAX_BRACKETS; tries++) {
    to = bytes.indexOf(opens[1], to) + 1;
    if (to === 0) break;
    const changed = mutateJson(bytes.toString('utf8', from, to), random);
    if (changed !== undefined)
      return Buffer.concat([bytes.subarray(0, from), Buffer.from(changed), bytes.subarray(to)]);
  }
  return flipBit(bytes, random, []);
}

function range(bytes: Uint8Array, { below }: Random): [from: number, to: number] {
  const from = below(bytes.length + 1);
  return [from, from + below(bytes.length - from + 1)];
}

function insert(bytes: Buffer, piece: Uint8Array, { below }: Random): Buffer {
  const at = below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}
