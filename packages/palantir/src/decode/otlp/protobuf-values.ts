/** Attributes and values of common.proto. */
import { MAX_NESTING } from '../limits.ts';
import type { ProtobufReader } from '../protobuf-reader.ts';
import { type AnyValue, type KeyValue, TOO_DEEP } from './any-value.ts';

/** Of the message in this field. */
export function readKeyValue(reader: ProtobufReader, depth = 0): KeyValue {
  let key = '';
  let value: AnyValue = null;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = readAnyValue(reader, depth);
    else reader.skip();
  }
  reader.leave(outer);
  return { key, value };
}

/** Of the message in this field. */
export function readAnyValue(reader: ProtobufReader, depth = 0): AnyValue {
  let value: AnyValue = null;
  const outer = reader.enter();
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) value = reader.text();
    else if (field === 2) value = reader.bool();
    else if (field === 3) value = wholeNumber(reader.int64());
    else if (field === 4) value = jsonNumber(reader.double());
    else if (field === 7) value = reader.base64();
    else if (field !== 5 && field !== 6) reader.skip();
    else if (depth >= MAX_NESTING) {
      reader.skip();
      value = TOO_DEEP;
    } else value = field === 5 ? readList(reader, depth + 1) : readMap(reader, depth + 1);
  }
  reader.leave(outer);
  return value;
}

/** JSON has no other numbers. */
export function jsonNumber(value: number): AnyValue {
  return Number.isFinite(value) ? value : String(value);
}

function wholeNumber(value: bigint): AnyValue {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : String(value);
}

function readList(reader: ProtobufReader, depth: number): AnyValue {
  const values: AnyValue[] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) values.push(readAnyValue(reader, depth));
    else reader.skip();
  }
  reader.leave(outer);
  return values;
}

function readMap(reader: ProtobufReader, depth: number): AnyValue {
  const pairs: [string, AnyValue][] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) {
      const { key, value } = readKeyValue(reader, depth);
      pairs.push([key, value]);
    } else reader.skip();
  }
  reader.leave(outer);
  return Object.fromEntries(pairs);
}
