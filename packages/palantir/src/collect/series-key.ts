/** A text that two sets of labels share when they are the same series. */
import type { Labels } from '../model.ts';

export function seriesKey(labels: Labels): string {
  return JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((name) => [name, labels[name]]),
  );
}
