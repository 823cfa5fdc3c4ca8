/** Texts as bytes: all of them one after the other as UTF-8, and their lengths before. */
import type { ByteReader, ByteWriter } from './bytes.ts';
import { readInts, writeInts } from './metrics/int-column.ts';

/** How many there are is not written. */
export function writeTexts(out: ByteWriter, texts: readonly string[]): void {
  writeInts(
    out,
    texts.map(({ length }) => length),
  );
  const bytes = Buffer.from(texts.join('').toWellFormed());
  out.u32(bytes.length);
  out.bytes(bytes);
}

/** @throws DATA_DAMAGED */
export function readTexts(from: ByteReader, count: number): string[] {
  const lengths = readInts(from, count);
  const all = from.take(from.u32()).toString();
  const texts: string[] = new Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    texts[i] = all.slice(at, at + lengths[i]!);
    at += lengths[i]!;
  }
  return texts;
}

/** Texts of which few are different. */
export function writeNames(out: ByteWriter, names: readonly string[]): void {
  const known = new Map<string, number>();
  const places = names.map((name) => {
    const at = known.get(name) ?? known.size;
    if (at === known.size) known.set(name, at);
    return at;
  });
  out.u32(known.size);
  writeTexts(out, [...known.keys()]);
  writeInts(out, places);
}

/** @throws DATA_DAMAGED */
export function readNames(from: ByteReader, count: number): string[] {
  const known = readTexts(from, from.count());
  return Array.from(readInts(from, count), (at) => known[at] ?? '');
}
