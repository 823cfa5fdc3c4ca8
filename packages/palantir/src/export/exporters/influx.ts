/** Line protocol to InfluxDB, in Telegraf's words (telegraf/), so that boards which were made for Telegraf go on working. Packed by gzip.
 *
 * InfluxDB 1 keeps what is good in a request and answers 400 for the rest, with how many it dropped; that is taken as it says. A
 * database that is not there is made, as Telegraf does. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Exporter, Outcome } from '../exporter.ts';
import { type Answer, outcomeOf, type ReceiverTools, receiver } from '../http/receiver.ts';
import type { Portion } from '../portion.ts';
import { selectionsOf } from '../selections.ts';
import type { InfluxSettings } from '../settings.ts';
import { type Lines, telegrafLines } from './telegraf/telegraf-lines.ts';

const DEFAULT_DATABASE = 'telegraf';
const PARTIAL = /partial write:|unable to parse/;
const DROPPED = /dropped=(\d+)/;
const NO_FORM = 'a value is no finite number, which InfluxDB cannot hold';

const pack = promisify(gzip);

export function influxExporter(
  settings: InfluxSettings,
  tools: ReceiverTools & { readonly host: string },
): Exporter {
  const { bucket, organization, database = DEFAULT_DATABASE, retentionPolicy } = settings;
  const to = receiver(settings, 'Token', tools);
  const lines = telegrafLines(tools.host);
  const base = settings.url.replace(/\/+$/, '');
  const url =
    bucket === undefined
      ? `${base}/write?${new URLSearchParams({ db: database, precision: 'ns', ...(retentionPolicy && { rp: retentionPolicy }) })}`
      : `${base}/api/v2/write?${new URLSearchParams({ org: organization ?? '', bucket, precision: 'ns' })}`;
  const headers = {
    ...settings.headers,
    'content-type': 'text/plain; charset=utf-8',
    'content-encoding': 'gzip',
  };

  const writtenOf = new WeakMap<Portion, Lines>();

  async function makeDatabase(signal: AbortSignal): Promise<void> {
    const q = `CREATE DATABASE "${database.replace(/["\\]/g, '\\$&')}"`;
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    await to.ask({ url: `${base}/query`, headers: form, body: String(new URLSearchParams({ q })) }, signal);
  }

  return {
    signals: ['metrics'],
    selections: selectionsOf(settings.match),
    keyOf: lines.keyOf,
    async send(portion, signal) {
      if (portion.signal !== 'metrics') return { kind: 'refused', reason: 'line protocol is for metrics' };
      // Once for each portion: shares of CPU time are reckoned from what went before.
      const written = writtenOf.get(portion) ?? lines.of(portion.series);
      writtenOf.set(portion, written);
      if (written.lines.length === 0) return { kind: 'taken', skipped: written.skipped, reason: NO_FORM };
      const body = await pack(written.lines.join('\n'));
      const answer = await to.ask({ url, headers, body }, signal);
      if (isUnknownDatabase(answer)) await makeDatabase(signal);
      return meaning(answer, written.skipped);
    },
  };
}

function isUnknownDatabase(answer: Answer | string): boolean {
  return typeof answer !== 'string' && answer.status === 404 && answer.body.includes('database not found');
}

function meaning(answer: Answer | string, skipped: number): Outcome {
  const outcome = outcomeOf(answer);
  if (outcome.kind === 'taken') return skipped > 0 ? { ...outcome, skipped, reason: NO_FORM } : outcome;
  if (outcome.kind !== 'refused' || !PARTIAL.test(outcome.reason)) return outcome;
  const dropped = Number(DROPPED.exec(outcome.reason)?.[1] ?? 1);
  return { kind: 'taken', skipped: skipped + dropped, reason: outcome.reason };
}
