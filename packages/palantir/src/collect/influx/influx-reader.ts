/** How points are read from an InfluxDB, whatever its version. */

export type FieldValue = number | boolean | string;

export interface InfluxPoint {
  readonly atMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

export interface InfluxReader {
  /** Of one measurement, from a time on and before another, in any order, as they come.
   * @throws UNAVAILABLE, BAD_ANSWER, and FAILED_PRECONDITION for what the database says no to */
  read(
    measurement: string,
    fromMs: number,
    beforeMs: number,
    signal: AbortSignal,
  ): AsyncIterable<InfluxPoint>;
}
