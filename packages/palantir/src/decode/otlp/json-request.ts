/** The three requests of OTLP in JSON: as protobuf-request.ts, with the names of JSON. What is no object where one belongs is left
 * out alone and counted. */
import { GoblinError } from '@goblin/core';
import { type BatchBuilder, requestBytes } from '../batch-builder.ts';
import { isObject, type Json, keyValuesOf, listOf, objectOf } from './json-values.ts';
import { type Resource, resourceOf } from './resource.ts';

const NO_OBJECT = 'something in a list is no JSON object';

export interface JsonNames {
  readonly resources: string;
  readonly scopes: string;
  readonly items: string;
}

/** @throws INVALID_INPUT, PAYLOAD_TOO_LARGE */
export function readJsonRequest(
  builder: BatchBuilder,
  bytes: Uint8Array,
  names: JsonNames,
  take: (resource: Resource, item: Json) => void,
): void {
  const request = parse(requestBytes(bytes));
  if (!isObject(request)) throw unreadable('it is no JSON object');
  const groups = request[names.resources] ?? [];
  if (!Array.isArray(groups)) throw unreadable(`${names.resources} is no list`);
  for (const group of objects(groups)) {
    const resource = resourceOf(keyValuesOf(objectOf(group.resource).attributes));
    for (const scope of objects(group[names.scopes]))
      for (const item of objects(scope[names.items])) take(resource, item);
  }

  function objects(value: unknown): readonly Json[] {
    const list = listOf(value);
    const good = list.filter(isObject);
    if (good.length < list.length) builder.refuse(NO_OBJECT, names.resources, list.length - good.length);
    return good;
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw unreadable((error as Error).message);
  }
}

function unreadable(why: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message: `this is no OTLP JSON: ${why}` });
}
