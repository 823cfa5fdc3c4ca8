/** What is collected and where telemetry goes besides, as it stands in a file. */
import type { CollectSettings, PulledInflux, ScrapedTarget } from '../../collect/wanted.ts';
import { SIGNALS, type Signal } from '../../export/portion.ts';
import type { ExporterSettings } from '../../export/settings.ts';
import { list, object, optional, record, required } from '../shape/collections.ts';
import { choice, text, textLike, url, wholeNumber } from '../shape/scalars.ts';
import type { Shape } from '../shape/shape.ts';

const durationText: Shape<string> = textLike('^\\d+(\\.\\d+)?(ms|s|m|h|d)$', 'a duration such as 5m', '5m');
const file = text('/run/secrets/influx_token');
const labels = record(text('shop'));
const MAX_TARGETS = 200;
const VERSIONS: Readonly<Record<number, PulledInflux['version']>> = { 1: 1, 2: 2, 3: 3 };

interface WrittenInflux extends Omit<PulledInflux, 'version'> {
  readonly version: number;
}

const target: Shape<ScrapedTarget> = object<ScrapedTarget>({
  url: required(url(), 'Where its metrics are: http://10.0.0.7:9100/metrics'),
  labels: optional(labels, 'Of its series. Default: instance, its host and port'),
});

const influx: Shape<WrittenInflux> = object<WrittenInflux>({
  version: required(wholeNumber(1, 3), 'Of the server: 1, 2 or 3'),
  url: required(url(), 'Of the server: http://influx:8086'),
  database: optional(text('telegraf'), 'Versions 1 and 3'),
  organization: optional(text('shop'), 'Version 2'),
  bucket: optional(text('telegraf'), 'Version 2'),
  measurements: required(list(text('cpu'), { atLeast: 1, atMost: MAX_TARGETS }), 'What is pulled'),
  user: optional(text('reader'), 'Version 1; goes with passwordFile'),
  passwordFile: optional(file, 'The file with the password'),
  tokenFile: optional(file, 'Versions 2 and 3: the file with the token'),
  labels: optional(labels, 'Added to each series'),
});

/** As it stands there; the version is a number of any size to who reads the schema. */
export interface WrittenCollect extends Omit<CollectSettings, 'influx'> {
  readonly influx?: readonly WrittenInflux[];
}

export const collect: Shape<WrittenCollect> = object<WrittenCollect>({
  docker: optional(
    text('/var/run/docker.sock'),
    "The socket of this machine's engine: its containers, their logs and health, and the Swarm it manages",
  ),
  statsd: optional(
    object<NonNullable<CollectSettings['statsd']>>({
      host: optional(text('127.0.0.1'), 'Default: 127.0.0.1'),
      port: optional(wholeNumber(1, 65_535), 'Default: 8125'),
    }),
    'Takes datagrams of StatsD',
  ),
  scrape: optional(
    list(target, { atMost: MAX_TARGETS }),
    'Targets that expose metrics, as Prometheus scrapes them',
  ),
  peers: optional(
    list(text('tax'), { atMost: MAX_TARGETS }),
    'Services whose instances are scraped where they do not send. Default: all; [] none',
  ),
  influx: optional(list(influx, { atMost: 50 }), 'Databases that measurements are pulled from'),
});

export function collectSettings({ influx: pulled = [], ...others }: WrittenCollect): CollectSettings {
  return {
    ...others,
    ...(pulled.length > 0 && { influx: pulled.map((one) => ({ ...one, version: VERSIONS[one.version]! })) }),
  };
}

interface AnyExporter {
  readonly name: string;
  readonly kind: ExporterSettings['kind'];
  readonly url: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly tokenFile?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly match?: readonly string[];
  readonly delay?: string;
  readonly reach?: string;
  readonly signals?: readonly Signal[];
  readonly database?: string;
  readonly retentionPolicy?: string;
  readonly organization?: string;
  readonly bucket?: string;
}

export const exporter: Shape<AnyExporter> = object<AnyExporter>({
  name: required(text('victoria'), 'Unique; how far it is, is kept by it'),
  kind: required(choice(['remoteWrite', 'otlp', 'influx']), 'How it sends'),
  url: required(url(), 'Where to'),
  user: optional(text('writer'), 'Goes with passwordFile'),
  passwordFile: optional(file, 'The file with the password'),
  tokenFile: optional(file, 'The file with a token'),
  headers: optional(record(text('shop')), 'Added to each request; not for secrets'),
  match: optional(
    list(text('"{service="tax"}"')),
    'Selectors of PromQL; what matches one of them is sent. Default: all',
  ),
  delay: optional(durationText, 'How far behind now it sends. Default: 15s'),
  reach: optional(durationText, 'How far it goes back when the receiver was away. Default: 6h'),
  signals: optional(list(choice(SIGNALS)), 'otlp: which. Default: all'),
  database: optional(text('telegraf'), 'influx, version 1. Default: telegraf'),
  retentionPolicy: optional(text('autogen'), 'influx, version 1'),
  organization: optional(text('shop'), 'influx, versions 2 and 3'),
  bucket: optional(text('telegraf'), 'influx, versions 2 and 3'),
});
