/** What all three kinds of OTLP share: resources, scopes and attributes. All values are texts, as they are kept. */
import type { Labels } from '../../../model.ts';
import type { ProtobufWriter } from '../../protobuf-writer.ts';

const NS_PER_MS = 1_000_000n;
const [KEY, VALUE] = [1, 2];
const STRING = 1;
/** Of ResourceMetrics, ResourceLogs and ResourceSpans, and of ScopeMetrics and the like. */
const [RESOURCE, SCOPE, NAME] = [1, 1, 1];
const [RESOURCE_GROUPS, SCOPE_GROUPS] = [1, 2];
const SCOPE_NAME = 'goblin';

export const ITEMS = 2;

export function writeAttribute(writer: ProtobufWriter, field: number, key: string, value: string): void {
  writer.message(field, () => {
    writer.text(KEY, key);
    writer.message(VALUE, () => writer.text(STRING, value));
  });
}

export function writeAttributes(writer: ProtobufWriter, field: number, attributes: Labels): void {
  for (const key in attributes) writeAttribute(writer, field, key, attributes[key]!);
}

/** One resource with its items. */
export function writeResource(writer: ProtobufWriter, attributes: Labels, writeItems: () => void): void {
  writer.message(RESOURCE_GROUPS, () => {
    writer.message(RESOURCE, () => writeAttributes(writer, RESOURCE, attributes));
    writer.message(SCOPE_GROUPS, () => {
      writer.message(SCOPE, () => writer.text(NAME, SCOPE_NAME));
      writeItems();
    });
  });
}

export function nanoseconds(atMs: number): bigint {
  const whole = Math.floor(atMs);
  return BigInt(whole) * NS_PER_MS + BigInt(Math.round((atMs - whole) * 1e6));
}
