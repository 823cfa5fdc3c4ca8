/** For fuzz targets: several pieces of bytes as one input. They stand behind each other with a mark between that is in no
 * UTF-8, rather than behind their lengths, so that a piece that grows or shrinks leaves the others as they are. */

const MARK = Buffer.from([0xfe, 0xff]);

export function joined(pieces: readonly Uint8Array[]): Buffer {
  return Buffer.concat(pieces.flatMap((piece, i) => (i === 0 ? [piece] : [MARK, piece])));
}

export function piecesIn(input: Uint8Array): Buffer[] {
  const bytes = Buffer.from(input);
  const pieces: Buffer[] = [];
  let from = 0;
  for (let to = bytes.indexOf(MARK); to >= 0; to = bytes.indexOf(MARK, from)) {
    pieces.push(bytes.subarray(from, to));
    from = to + MARK.length;
  }
  return [...pieces, bytes.subarray(from)];
}
