/** Positions in PostgreSQL's write-ahead log (WAL): bytes since the cluster was made, written `16/B374D848`. The log is
 * cut into segments, files of equal size, and branches into a new timeline whenever a cluster was restored. */

/** @param text as PostgreSQL writes it. */
export function lsnOf(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function lsnText(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;
}

/** The file of a segment, such as `000000010000000000000003`. */
export function segmentName(timeline: number, lsn: bigint, segmentBytes: number): string {
  const perHigh = 0x1_0000_0000n / BigInt(segmentBytes);
  const number = lsn / BigInt(segmentBytes);
  return `${hex(timeline)}${hex(number / perHigh)}${hex(number % perHigh)}`;
}

export function segmentStart(lsn: bigint, segmentBytes: number): bigint {
  return lsn - (lsn % BigInt(segmentBytes));
}

/** The file that says where a timeline branched off. */
export function historyName(timeline: number): string {
  return `${hex(timeline)}.history`;
}

function hex(number: number | bigint): string {
  return number.toString(16).toUpperCase().padStart(8, '0');
}
