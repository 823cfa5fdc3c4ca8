/** What OTLP answers when something of a request was not kept: how much, and why. */
import type { Rejection } from '../model.ts';

const MAX_REASONS = 10;
/** Wire types of Protocol Buffers. */
const VARINT = 0;
const BYTES = 2;

/** @param field the name in OTLP's JSON of how many were rejected */
export function partialSuccess(rejections: readonly Rejection[], field: string, isJson: boolean): Response {
  const count = rejections.reduce((sum, rejection) => sum + rejection.count, 0);
  const reasons = rejections
    .slice(0, MAX_REASONS)
    .map((rejection) => `${rejection.count} × ${rejection.reason}`);
  if (rejections.length > MAX_REASONS) reasons.push('…');
  const message = reasons.join('; ');
  // OTLP writes 64-bit integers as texts in JSON.
  if (isJson)
    return Response.json(
      rejections.length === 0 ? {} : { partialSuccess: { [field]: String(count), errorMessage: message } },
    );
  const body = rejections.length === 0 ? new Uint8Array() : encoded(count, message);
  return new Response(body, { headers: { 'content-type': 'application/x-protobuf' } });
}

/** `{ 1: { 1: count, 2: message } }` */
function encoded(count: number, message: string): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(message);
  const inner = Buffer.concat([tag(1, VARINT), varint(count), tag(2, BYTES), varint(text.length), text]);
  return new Uint8Array(Buffer.concat([tag(1, BYTES), varint(inner.length), inner]));
}

function tag(field: number, wireType: number): Buffer {
  return Buffer.of((field << 3) | wireType);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 128);
  }
}
