/** Where telemetry goes besides this machine, as it stands in a file. Times are texts such as `15s`. Secrets are never among them, only
 * the names of the files that hold them. `checkExportSettings` says all that is wrong at once, each with its place. */
import { milliseconds } from '@goblin/core';
import { Check, type Problem } from '../notify/problems.ts';
import { parseSelector } from '../query/promql/parser.ts';
import { SIGNALS, type Signal } from './portion.ts';

export type { Problem } from '../notify/problems.ts';

interface Common {
  /** Unique: `grafana-cloud`. Stands in metrics and the log, and the position is kept by it. */
  readonly name: string;
  readonly url: string;
  /** For basic authentication, with `passwordFile`. */
  readonly user?: string;
  readonly passwordFile?: string;
  /** A bearer token, or that of InfluxDB 2. */
  readonly tokenFile?: string;
  /** Added to each request; not for secrets. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Which series, as PromQL's selectors; those that match one of them. Default all. */
  readonly match?: readonly string[];
  /** So far behind now it sends: what arrives later than that is left out. Default `15s`. */
  readonly delay?: string;
  /** How far it goes back when its receiver was away. Default `6h`. */
  readonly reach?: string;
}

/** Prometheus' remote write 1.0. `url` is the whole address, such as `http://victoria:8428/api/v1/write`. */
export interface RemoteWriteSettings extends Common {
  readonly kind: 'remoteWrite';
}

/** OTLP over HTTP. To `url` are added `/v1/metrics`, `/v1/logs` and `/v1/traces`. */
export interface OtlpSettings extends Common {
  readonly kind: 'otlp';
  /** Default all three. */
  readonly signals?: readonly Signal[];
}

/** Line protocol as Telegraf writes it. `url` is the server's: `http://influx:8086`. */
export interface InfluxSettings extends Common {
  readonly kind: 'influx';
  /** Of InfluxDB 1. Default `telegraf`, made where it is not there. */
  readonly database?: string;
  readonly retentionPolicy?: string;
  /** Of InfluxDB 2 and 3, in place of a database. */
  readonly organization?: string;
  readonly bucket?: string;
}

export type ExporterSettings = RemoteWriteSettings | OtlpSettings | InfluxSettings;

export interface ExportSettings {
  readonly exporters?: readonly ExporterSettings[];
}

export const exportDefaults = { delay: '15s', reach: '6h' } as const;

const MAX_EXPORTERS = 20;
const MAX_SELECTORS = 50;
const MAX_HEADERS = 20;
const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 3_600_000;
const MIN_REACH_MS = 60_000;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const HEADER = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
/** They are secrets, which have fields of their own. */
const SECRET_HEADERS = /^(?:authorization|proxy-authorization|cookie)$/i;
const COMMON = [
  'name',
  'kind',
  'url',
  'user',
  'passwordFile',
  'tokenFile',
  'headers',
  'match',
  'delay',
  'reach',
];
const FIELDS: Readonly<Record<ExporterSettings['kind'], readonly string[]>> = {
  remoteWrite: [],
  otlp: ['signals'],
  influx: ['database', 'retentionPolicy', 'organization', 'bucket'],
};

type Path = Problem['path'];
type Fields = Readonly<Record<string, unknown>>;

/** @returns all that is wrong, empty where `value` is ExportSettings */
export function checkExportSettings(value: unknown): Problem[] {
  const check = new Check();
  const settings = check.object([], value, ['exporters']);
  const names = new Set<string>();
  check.list(['exporters'], settings?.exporters, MAX_EXPORTERS, (path, one) => {
    const exporter = check.object(path, one);
    if (!exporter) return;
    checkKind(check, path, exporter);
    checkCommon(check, path, exporter);
    const { name } = exporter;
    if (typeof name !== 'string' || !NAME.test(name))
      check.say([...path, 'name'], 'write a name of lower-case letters, digits and -, such as victoria');
    else if (names.has(name))
      check.say([...path, 'name'], `two exporters are named ${name}: give each its own`);
    else names.add(name);
  });
  return check.problems;
}

function checkKind(check: Check, path: Path, exporter: Fields): void {
  const { kind, signals, organization, bucket, database } = exporter;
  check.oneOf([...path, 'kind'], kind, Object.keys(FIELDS));
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) return;
  check.object(path, exporter, [...COMMON, ...FIELDS[kind as ExporterSettings['kind']]]);
  check.list([...path, 'signals'], signals, SIGNALS.length, (at, one) => check.oneOf(at, one, SIGNALS));
  if (Array.isArray(signals) && signals.length === 0)
    check.say([...path, 'signals'], `write at least one of ${SIGNALS.join(', ')}`);
  for (const key of ['database', 'retentionPolicy', 'organization', 'bucket'])
    check.text([...path, key], exporter[key], { optional: true });
  if ((organization === undefined) !== (bucket === undefined))
    check.say(path, 'organization and bucket go together');
  if (bucket !== undefined && database !== undefined)
    check.say([...path, 'database'], 'write a database (InfluxDB 1) or a bucket (InfluxDB 2), not both');
}

function checkCommon(check: Check, path: Path, exporter: Fields): void {
  const { url, user, passwordFile, tokenFile, headers, match, delay, reach } = exporter;
  if (url === undefined) check.say([...path, 'url'], 'this is missing');
  else if (typeof url === 'string' && URL.canParse(url) && new URL(url).username !== '')
    check.say([...path, 'url'], 'a password does not stand in an address: write user and passwordFile');
  else check.url([...path, 'url'], url);
  for (const key of ['user', 'passwordFile', 'tokenFile'])
    check.text([...path, key], exporter[key], { optional: true });
  if ((user === undefined) !== (passwordFile === undefined))
    check.say(path, 'user and passwordFile go together');
  if (passwordFile !== undefined && tokenFile !== undefined)
    check.say([...path, 'tokenFile'], 'write a password or a token, not both');
  if (headers !== undefined) checkHeaders(check, [...path, 'headers'], headers);
  check.list([...path, 'match'], match, MAX_SELECTORS, (at, one) => checkSelector(check, at, one));
  check.duration([...path, 'delay'], delay, { atLeastMs: MIN_DELAY_MS });
  check.duration([...path, 'reach'], reach, { atLeastMs: MIN_REACH_MS });
  const [delayMs, reachMs] = [msOf(delay ?? exportDefaults.delay), msOf(reach ?? exportDefaults.reach)];
  if (delayMs > MAX_DELAY_MS) check.say([...path, 'delay'], `this is at most ${MAX_DELAY_MS / 3_600_000}h`);
  else if (reachMs <= delayMs) check.say([...path, 'reach'], 'this is longer than delay');
}

function checkHeaders(check: Check, path: Path, value: unknown): void {
  const headers = Object.entries(check.object(path, value) ?? {});
  if (headers.length > MAX_HEADERS) check.say(path, `there are at most ${MAX_HEADERS} headers`);
  for (const [name, text] of headers) {
    if (SECRET_HEADERS.test(name))
      check.say([...path, name], 'this is a secret: write tokenFile, or user and passwordFile');
    else if (!HEADER.test(name)) check.say([...path, name], 'this is no name of a header');
    else if (typeof text !== 'string' || !/^[\x20-\x7e]*$/.test(text))
      check.say([...path, name], 'write a line of text');
  }
}

function checkSelector(check: Check, path: Path, value: unknown): void {
  const text = check.text(path, value);
  if (text === undefined) return;
  try {
    parseSelector(text);
  } catch (error) {
    check.say(path, `${(error as Error).message}; write a selector such as {service="tax"}`);
  }
}

/** NaN for what is none, which is told already. */
function msOf(text: unknown): number {
  try {
    return milliseconds(text as string);
  } catch {
    return Number.NaN;
  }
}
