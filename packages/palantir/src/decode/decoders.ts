/** The decoder of each format that is taken, by the format's name. StatsD's totals live as long as the thread that loads this. */
import type { Decoder } from './decoder.ts';
import { fromOpenMetrics, fromPrometheusText } from './exposition.ts';
import { lineProtocol } from './line-protocol.ts';
import {
  logsFromJson,
  logsFromProtobuf,
  metricsFromJson,
  metricsFromProtobuf,
  tracesFromJson,
  tracesFromProtobuf,
} from './otlp/otlp.ts';
import { fromRemoteWrite } from './remote-write.ts';
import { statsdDecoder } from './statsd.ts';

export type Format =
  | `otlp-${'traces' | 'metrics' | 'logs'}-${'json' | 'protobuf'}`
  /** Times in nanoseconds, or in the unit named. */
  | 'influx'
  | `influx-${'us' | 'ms' | 's' | 'm' | 'h'}`
  | 'openmetrics'
  | 'prometheus-text'
  | 'remote-write'
  | 'statsd';

export const decoders: Readonly<Record<Format, Decoder>> = {
  'otlp-traces-json': tracesFromJson,
  'otlp-traces-protobuf': tracesFromProtobuf,
  'otlp-metrics-json': metricsFromJson,
  'otlp-metrics-protobuf': metricsFromProtobuf,
  'otlp-logs-json': logsFromJson,
  'otlp-logs-protobuf': logsFromProtobuf,
  influx: lineProtocol('ns'),
  'influx-us': lineProtocol('us'),
  'influx-ms': lineProtocol('ms'),
  'influx-s': lineProtocol('s'),
  'influx-m': lineProtocol('m'),
  'influx-h': lineProtocol('h'),
  openmetrics: fromOpenMetrics,
  'prometheus-text': fromPrometheusText,
  'remote-write': fromRemoteWrite,
  statsd: statsdDecoder(),
};
