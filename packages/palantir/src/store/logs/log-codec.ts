/** Log lines as columns: what belongs together lies together, so that zstd finds it. The values of attributes are grouped by which
 * attributes a line has (its shape) and by attribute. Used for the rows of the journal, as they are, and for blocks, packed. */
import type { Labels, LogLine } from '../../model.ts';
import { ByteReader, ByteWriter, damaged } from '../bytes.ts';
import { readInts, writeInts } from '../metrics/int-column.ts';
import { readNames, readTexts, writeNames, writeTexts } from '../text-column.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Times are kept in microseconds: of finer ones the rest is lost. */
const MICROSECONDS = 1_000;

export function encodeLogs(lines: readonly LogLine[]): Buffer {
  const out = new ByteWriter();
  out.u32(lines.length);
  writeInts(
    out,
    lines.map(({ atMs }) => Math.round(atMs * MICROSECONDS)),
  );
  writeInts(
    out,
    lines.map(({ severity }) => severity),
  );
  writeNames(
    out,
    lines.map(({ service }) => service),
  );
  writeIds(
    out,
    lines.map(({ traceId }) => traceId),
    TRACE_ID_BYTES,
  );
  writeIds(
    out,
    lines.map(({ spanId }) => spanId),
    SPAN_ID_BYTES,
  );
  writeTexts(
    out,
    lines.map(({ body }) => body),
  );
  writeAttributes(
    out,
    lines.map(({ attributes }) => attributes),
  );
  return out.done();
}

/** @throws DATA_DAMAGED */
export function decodeLogs(bytes: Uint8Array): LogLine[] {
  const from = new ByteReader(bytes);
  const count = from.count();
  const times = readInts(from, count);
  const severities = readInts(from, count);
  const services = readNames(from, count);
  const traceIds = readIds(from, count, TRACE_ID_BYTES);
  const spanIds = readIds(from, count, SPAN_ID_BYTES);
  const bodies = readTexts(from, count);
  const attributes = readAttributes(from, count);
  return bodies.map((body, i) => ({
    atMs: times[i]! / MICROSECONDS,
    severity: severities[i]!,
    body,
    service: services[i]!,
    attributes: attributes[i]!,
    ...(traceIds[i] !== undefined && { traceId: traceIds[i] }),
    ...(spanIds[i] !== undefined && { spanId: spanIds[i] }),
  }));
}

function writeIds(out: ByteWriter, ids: readonly (string | undefined)[], length: number): void {
  const present = out.take(ids.length);
  let count = 0;
  ids.forEach((id, i) => {
    present[i] = id === undefined ? 0 : 1;
    count += present[i]!;
  });
  out.bytes(Buffer.from(ids.join(''), 'hex').subarray(0, count * length));
}

function readIds(from: ByteReader, count: number, length: number): (string | undefined)[] {
  const present = from.take(count);
  return Array.from(present, (is) => (is ? from.take(length).toString('hex') : undefined));
}

function writeAttributes(out: ByteWriter, all: readonly Labels[]): void {
  const shapes = all.map((attributes) => JSON.stringify(Object.keys(attributes)));
  writeNames(out, shapes);
  const values: string[] = [];
  for (const [shape, lines] of linesByShape(shapes))
    for (const name of namesOf(shape)) for (const line of lines) values.push(all[line]![name]!);
  out.u32(values.length);
  writeTexts(out, values);
}

function readAttributes(from: ByteReader, count: number): Labels[] {
  const shapes = readNames(from, count);
  const values = readTexts(from, from.count());
  const entries: [string, string][][] = shapes.map(() => []);
  let at = 0;
  for (const [shape, lines] of linesByShape(shapes))
    for (const name of namesOf(shape))
      for (const line of lines) entries[line]!.push([name, values[at++] ?? '']);
  return entries.map((pairs) => Object.fromEntries(pairs));
}

/** In the order in which the shapes come first. */
function linesByShape(shapes: readonly string[]): Map<string, number[]> {
  const linesOf = new Map<string, number[]>();
  shapes.forEach((shape, line) => {
    const lines = linesOf.get(shape);
    if (lines) lines.push(line);
    else linesOf.set(shape, [line]);
  });
  return linesOf;
}

function namesOf(shape: string): string[] {
  try {
    return JSON.parse(shape) as string[];
  } catch (error) {
    throw damaged('the attributes of a block of logs cannot be read', error);
  }
}
