/** The three requests of OTLP have one shape: resources, in each of them scopes, in each of them items. What is damaged inside a
 * frame that is whole is left out alone and counted; where the frame of the request itself breaks, bytes are missing and the
 * whole is refused, so that the sender knows. */
import { GoblinError } from '@goblin/core';
import { type BatchBuilder, requestBytes } from '../batch-builder.ts';
import { ProtobufReader } from '../protobuf-reader.ts';
import type { KeyValue } from './any-value.ts';
import { readKeyValue } from './protobuf-values.ts';
import { type Resource, resourceOf } from './resource.ts';

const DAMAGED_RESOURCE = 'a resource with all it holds is damaged';
const DAMAGED_SCOPE = 'a scope with all it holds is damaged';

/** @param damaged the reason for an item that is damaged.
 * @param read reads an item of which the reader is inside. @param take is given what `read` answered, when it was whole.
 * @throws INVALID_INPUT, PAYLOAD_TOO_LARGE */
export function readRequest<T>(
  builder: BatchBuilder,
  bytes: Uint8Array,
  damaged: string,
  read: (reader: ProtobufReader) => T,
  take: (resource: Resource, item: T) => void,
): void {
  const reader = new ProtobufReader(requestBytes(bytes));
  while (reader.next()) {
    if (reader.field !== 1) reader.skip();
    else {
      const outer = reader.enter();
      readGroup();
      refuseWhere(reader.leaveAlone(outer), DAMAGED_RESOURCE);
    }
  }
  if (reader.fault !== undefined)
    throw new GoblinError('INVALID_INPUT', { message: `this is no whole OTLP protobuf: ${reader.fault}` });

  function readGroup(): void {
    // The resource is written first, but need not be.
    const start = reader.at;
    const resource = readResource(reader);
    reader.rewind(start);
    while (reader.next()) {
      if (reader.field !== 2) reader.skip();
      else {
        const outer = reader.enter();
        readScope(resource);
        refuseWhere(reader.leaveAlone(outer), DAMAGED_SCOPE);
      }
    }
  }

  function readScope(resource: Resource): void {
    while (reader.next()) {
      if (reader.field !== 2) reader.skip();
      else {
        const outer = reader.enter();
        const item = read(reader);
        const isBroken = reader.fault !== undefined;
        refuseWhere(reader.leaveAlone(outer), damaged);
        if (!isBroken) take(resource, item);
      }
    }
  }

  function refuseWhere(fault: string | undefined, reason: string): void {
    if (fault !== undefined) builder.refuse(reason, fault);
  }
}

function readResource(reader: ProtobufReader): Resource {
  const attributes: KeyValue[] = [];
  while (reader.next()) {
    if (reader.field !== 1) reader.skip();
    else {
      const outer = reader.enter();
      while (reader.next()) {
        if (reader.field === 1) attributes.push(readKeyValue(reader));
        else reader.skip();
      }
      reader.leave(outer);
    }
  }
  return resourceOf(attributes);
}
