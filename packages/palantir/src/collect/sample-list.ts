/** Gathers the samples of one look at something: all have its time and its labels. What cannot be known is left out. */
import type { Labels, Sample } from '../model.ts';

export interface SampleList {
  readonly samples: readonly Sample[];
  /** Only finite numbers become samples. */
  add(name: string, value: number | undefined, labels?: Labels): void;
  /** The same list, whose samples get these labels besides. */
  labelled(labels: Labels): SampleList;
}

export function sampleList(atMs: number, base: Labels): SampleList {
  return listInto([], atMs, base);
}

function listInto(samples: Sample[], atMs: number, base: Labels): SampleList {
  return {
    samples,
    add(name, value, labels) {
      if (value === undefined || !Number.isFinite(value)) return;
      samples.push({ series: { __name__: name, ...base, ...labels }, atMs, value });
    },
    labelled: (labels) => listInto(samples, atMs, { ...base, ...labels }),
  };
}
