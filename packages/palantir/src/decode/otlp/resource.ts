/** Who sent it, from the resource's attributes: `service.name` is the service and the `service` label, `service.instance.id` the
 * `instance` label. Spans and log lines keep the other attributes, without what describes the SDK and the process. A service
 * of several namespaces is one name, as everywhere in the platform. */
import type { Labels } from '../../model.ts';
import type { MutableLabels } from '../labels.ts';
import { MAX_LABEL_VALUE_LENGTH } from '../limits.ts';
import { attributesOf, cut, type KeyValue } from './any-value.ts';

export interface Resource {
  readonly service: string;
  /** Of each of its series. */
  readonly target: Labels;
  /** Of each of its spans and log lines. */
  readonly attributes: Labels;
}

/** What OpenTelemetry calls it. */
const UNKNOWN_SERVICE = 'unknown_service';
const NOISE = /^(?:telemetry\.|process\.|service\.name$)/;

export function resourceOf(list: readonly KeyValue[]): Resource {
  const all = attributesOf(list, 0);
  const service = cut(all['service.name'] || UNKNOWN_SERVICE, MAX_LABEL_VALUE_LENGTH);
  const instance = cut(all['service.instance.id'] ?? '', MAX_LABEL_VALUE_LENGTH);
  const attributes: MutableLabels = {};
  for (const key in all) if (!NOISE.test(key)) attributes[key] = all[key]!;
  return { service, target: instance ? { service, instance } : { service }, attributes };
}
