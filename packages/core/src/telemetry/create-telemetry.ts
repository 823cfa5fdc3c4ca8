/** Puts a process' telemetry together: metrics of its own and of its runtime, traces, and their export where the
 * environment names a collector (telemetry-settings.ts). */
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../log/log.ts';
import { tracerOf } from './light-tracer.ts';
import type { MetricsSnapshot } from './metrics.ts';
import { type MetricsRegistry, metricsRegistry } from './metrics-registry.ts';
import { type OtlpExporter, otlpExporter } from './otlp-exporter.ts';
import { runtimeMetrics } from './runtime-metrics.ts';
import { ratioSampler } from './sampling.ts';
import type { Telemetry } from './telemetry.ts';
import { type Environment, type TelemetrySettings, telemetrySettings } from './telemetry-settings.ts';

export interface TelemetryIdentity {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
}

export interface TelemetryOptions extends TelemetryIdentity {
  readonly log: Logger;
  /** Where the variables of OpenTelemetry are read: `process.env`. */
  readonly env: Environment;
  readonly clock?: Clock;
}

export interface ProcessTelemetry extends Telemetry, AsyncDisposable {
  readonly metrics: MetricsRegistry;
  /** The values of all metrics, or of those named, as plain JSON. */
  snapshot(names?: readonly string[]): MetricsSnapshot;
  /** Ends the measuring and exports what is left, within 3 s. Never rejects. */
  stop(): Promise<void>;
}

/** @throws CONFIG_INVALID naming every variable that is wrong */
export function createTelemetry(options: TelemetryOptions): ProcessTelemetry {
  const { log, env, clock = systemClock } = options;
  const settings = telemetrySettings(env);
  const metrics = metricsRegistry({ clock });
  const identity = metrics.gauge('target_info', {
    help: 'Which service, instance and version this is. Always 1.',
    labels: ['service_name', 'service_instance_id', 'service_version'],
  });
  identity.with(options.service, options.instance, options.version).set(1);
  const runtime = runtimeMetrics(metrics, clock);
  const exporter = exporterOf(options, settings, metrics, clock);
  const tracer = tracerOf({ sampler: ratioSampler(settings.sampleRatio), exporter, clock });

  async function stop(): Promise<void> {
    await exporter?.stop();
    runtime[Symbol.dispose]();
  }
  return { log, metrics, tracer, snapshot: metrics.snapshot, stop, [Symbol.asyncDispose]: stop };
}

function exporterOf(
  { service, instance, version, log }: TelemetryOptions,
  { endpoint, headers, timeoutMs, metricsIntervalMs, spoolFolder, resource }: TelemetrySettings,
  metrics: MetricsRegistry,
  clock: Clock,
): OtlpExporter | undefined {
  if (endpoint === undefined) return undefined;
  return otlpExporter({
    endpoint,
    headers,
    timeoutMs,
    metricsIntervalMs,
    spoolFolder,
    metrics,
    log,
    clock,
    resource: {
      'service.name': service,
      'service.instance.id': instance,
      'service.version': version,
      'host.name': hostname(),
      'process.pid': process.pid,
      'telemetry.sdk.name': 'goblin',
      'telemetry.sdk.language': 'nodejs',
      ...resource,
    },
  });
}
