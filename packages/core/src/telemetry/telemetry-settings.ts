/** The standard variables of OpenTelemetry that telemetry is wired by
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/):
 *
 *   OTEL_EXPORTER_OTLP_ENDPOINT        where the collector is; without it nothing is exported
 *   OTEL_EXPORTER_OTLP_HEADERS         key=value,key=value, percent-encoded
 *   OTEL_EXPORTER_OTLP_HEADERS_FILE    a file with the same, for headers that are secret
 *   OTEL_EXPORTER_OTLP_TIMEOUT         milliseconds for one request
 *   OTLP_SPOOL                         a folder for spans that the collector cannot take now; ours, not of the standard
 *   OTEL_METRIC_EXPORT_INTERVAL        milliseconds between exports of metrics
 *   OTEL_TRACES_SAMPLER_ARG            share of new traces that are recorded, 0 to 1; default 1
 *   OTEL_RESOURCE_ATTRIBUTES           key=value,key=value
 *
 * All traces are recorded by default, because on one machine that costs little and nothing is worse than the missing
 * trace; lower the ratio where the collector is paid by volume. Failures and slow calls are kept at any ratio. */
import { readFileSync } from 'node:fs';
import { GoblinError } from '../errors.ts';
import { parseBaggage } from './baggage.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface TelemetrySettings {
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number | undefined;
  readonly metricsIntervalMs: number | undefined;
  readonly spoolFolder: string | undefined;
  readonly sampleRatio: number;
  readonly resource: Readonly<Record<string, string>>;
}

/** @throws CONFIG_INVALID naming every variable that is wrong */
export function telemetrySettings(env: Environment): TelemetrySettings {
  const problems: string[] = [];

  function read<T>(name: string, wanted: string, parse: (text: string) => T | undefined): T | undefined {
    const text = env[name]?.trim();
    if (!text) return undefined;
    const value = parse(text);
    if (value === undefined) problems.push(`${name} is not ${wanted}`);
    return value;
  }

  const settings = {
    endpoint: read('OTEL_EXPORTER_OTLP_ENDPOINT', 'a URL such as http://localhost:4318', httpUrl),
    headers: {
      ...read('OTEL_EXPORTER_OTLP_HEADERS', 'key=value,key=value', pairs),
      ...read('OTEL_EXPORTER_OTLP_HEADERS_FILE', 'a file with key=value,key=value', pairsOfFile),
    },
    timeoutMs: read('OTEL_EXPORTER_OTLP_TIMEOUT', 'a number of milliseconds', positive),
    metricsIntervalMs: read('OTEL_METRIC_EXPORT_INTERVAL', 'a number of milliseconds', positive),
    spoolFolder: read('OTLP_SPOOL', 'a folder', (text) => text),
    sampleRatio: read('OTEL_TRACES_SAMPLER_ARG', 'a share between 0 and 1', share) ?? 1,
    resource: { ...read('OTEL_RESOURCE_ATTRIBUTES', 'key=value,key=value', pairs) },
  };
  if (problems.length > 0) throw new GoblinError('CONFIG_INVALID', { message: problems.join('; ') });
  return settings;
}

function httpUrl(text: string): string | undefined {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:' ? text : undefined;
}

function positive(text: string): number | undefined {
  const value = Number(text);
  return value > 0 && value < 2 ** 31 ? value : undefined;
}

function share(text: string): number | undefined {
  const value = Number(text);
  return value >= 0 && value <= 1 ? value : undefined;
}

/** The form is that of the baggage header. */
function pairs(text: string): Record<string, string> | undefined {
  const parsed = parseBaggage(text);
  return parsed && Object.fromEntries(parsed);
}

function pairsOfFile(path: string): Record<string, string> | undefined {
  try {
    return pairs(readFileSync(path, 'utf8').trim());
  } catch {
    return undefined;
  }
}
