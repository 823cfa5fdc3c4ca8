/** One series of a counter or a gauge: a number. */
import type { Counter, Gauge } from './metrics.ts';

export class NumberSeries implements Counter, Gauge {
  value = 0;

  add(amount = 1): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }
}

export class CounterSeries extends NumberSeries {
  override add(amount = 1): void {
    if (amount > 0) this.value += amount;
  }
}
