/** Series as the lines that Telegraf would have written: what has the same measurement, tags and time is one line; tags that its plugins
 * always have are there; fields that they reckon from others are reckoned.
 *
 * `host` is the machine that a series is about: its label `host` or `node`, else the one that sends. */
import type { Labels } from '../../../model.ts';
import { isStale } from '../../../sample-rules.ts';
import type { SelectedSeries } from '../../../store/metrics/packed-series.ts';
import { CPU_SECONDS, cpuUsages } from './cpu-usage.ts';
import { entryOf } from './entry-of.ts';
import { line, lineHead, numberField, textField } from './line.ts';
import { machineField, machineTags } from './machine.ts';
import { type FieldPlace, placeOf } from './measurements.ts';
import { reckoned } from './reckoned-fields.ts';

const NAME = '__name__';
/** A container's state, as Docker calls it, is a label here and a tag there. */
const CONTAINER_STATE = 'docker_container_state';
/** Containers whose state is remembered. */
const MAX_CONTAINERS = 20_000;
/** Texts that Telegraf has as fields, not as tags. */
const TEXT_FIELDS: ReadonlySet<string> = new Set(['container_id', 'health_status', 'result_type']);
/** Nor is `node` one, which is `host`. */
const NO_TAGS: ReadonlySet<string> = new Set([...TEXT_FIELDS, 'node']);
/** Tags that Telegraf gives to what it has added up. */
const TOTALS: Readonly<Record<string, Labels>> = {
  docker_container_cpu: { cpu: 'cpu-total' },
  docker_container_blkio: { device: 'total' },
};

interface Point {
  readonly values: Map<string, { readonly value: number; readonly place: FieldPlace }>;
  readonly texts: Record<string, string>;
}

export interface Lines {
  readonly lines: readonly string[];
  /** Values that InfluxDB has no form for. */
  readonly skipped: number;
}

export interface TelegrafLines {
  of(series: readonly SelectedSeries[]): Lines;
  /** What belongs into one line, or is reckoned together. */
  keyOf(labels: Labels): string;
}

export function telegrafLines(host: string): TelegrafLines {
  const cpu = cpuUsages();
  const states = new Map<string, string>();

  function remember({ labels, times, values }: SelectedSeries): void {
    const key = containerKey(labels);
    const isOver = times.length === 0 || !(values.at(-1)! > 0);
    if (isOver || (!states.has(key) && states.size >= MAX_CONTAINERS)) return;
    states.set(key, labels.state ?? '');
  }

  function tagsOf(place: FieldPlace | undefined, labels: Labels): Labels {
    const name = labels[NAME]!;
    const { measurement = name } = place ?? {};
    const machine = machineField(name);
    const own = labels.host ?? labels.node ?? host;
    const tags: Record<string, string> = { host: own };
    if (machine) return Object.assign(tags, machineTags(labels, machine));
    Object.assign(tags, TOTALS[measurement]);
    for (const label in labels)
      if (label !== NAME && !(place && NO_TAGS.has(label))) tags[label] = labels[label]!;
    if (place && measurement.startsWith('docker')) tags.engine_host ??= own;
    const state = place && labels.container_name !== undefined && states.get(containerKey(labels));
    if (state) tags.container_status ??= state;
    return tags;
  }

  return {
    keyOf(labels) {
      const name = labels[NAME]!;
      const { node = '', container_name: container = '' } = labels;
      if (name === CPU_SECONDS) return `${CPU_SECONDS} ${node}`;
      const place = machineField(name) ?? placeOf(name);
      return place ? `${place.measurement} ${node} ${container}` : JSON.stringify(labels);
    },

    of(series) {
      let skipped = 0;
      const heads = new Map<string, Map<number, Point>>();
      for (const one of series) if (one.labels[NAME] === CONTAINER_STATE) remember(one);
      for (const { labels, times, values } of series) {
        const name = labels[NAME]!;
        if (name === CPU_SECONDS) continue;
        const machine = machineField(name);
        const known = machine ?? placeOf(name);
        const place = known ?? { measurement: name, field: 'value', type: 'float' };
        const head = lineHead(place.measurement, tagsOf(known, labels));
        const points = entryOf(heads, head, () => new Map<number, Point>());
        const texts = known ? textsOf(labels) : {};
        for (let i = 0; i < times.length; i += 1) {
          if (isStale(values, i)) continue;
          const point = entryOf(points, times[i]!, (): Point => ({ values: new Map(), texts: {} }));
          Object.assign(point.texts, texts);
          if (place.type !== 'text')
            point.values.set(place.field, { value: values[i]! * (machine?.factor ?? 1), place });
        }
      }
      const lines: string[] = [];
      for (const [head, points] of heads)
        for (const [atMs, { values, texts }] of points) {
          const fields: string[] = [];
          for (const [name, { value, place }] of reckoned(values)) {
            const text = numberField(name, value, place.type);
            if (text === undefined) skipped += 1;
            else fields.push(text);
          }
          for (const name in texts) fields.push(textField(name, texts[name]!));
          if (fields.length > 0) lines.push(line(head, fields, atMs));
        }
      const seconds = series.filter(({ labels }) => labels[NAME] === CPU_SECONDS);
      for (const { node, cpu: name, atMs, fields } of cpu.of(seconds)) {
        const head = lineHead('cpu', { cpu: name, host: node || host });
        lines.push(
          line(
            head,
            Object.entries(fields).map(([field, share]) => `${field}=${share}`),
            atMs,
          ),
        );
      }
      return { lines, skipped };
    },
  };
}

function textsOf(labels: Labels): Labels {
  const texts: Record<string, string> = {};
  for (const label in labels) if (TEXT_FIELDS.has(label)) texts[label] = labels[label]!;
  return texts;
}

function containerKey({ node = '', container_name = '' }: Labels): string {
  return `${node} ${container_name}`;
}
