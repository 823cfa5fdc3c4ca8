/** A service as the catalogue tells of it: how it does, what people wrote about it, and what it answers, by its metrics. */
import { GoblinError } from '@goblin/core';
import { queryInstant } from '../query/promql/engine.ts';
import type { SeriesSource } from '../query/promql/source.ts';
import type { Catalogue, CatalogueEntry } from '../settings/catalogue.ts';
import type { ServiceSummary, WallState } from './wall-state.ts';

export interface ServiceDetail
  extends ServiceSummary,
    Pick<CatalogueEntry, 'owner' | 'docs' | 'repository' | 'runbook'> {
  /** What it is for. */
  readonly about?: string;
  readonly contract?: { readonly name: string; readonly procedures: readonly { readonly name: string }[] };
}

const TIMEOUT_MS = 5_000;
const ANSWERED = 'rpc_server_call_duration_seconds_count';

export function serviceDetails({ services }: WallState, catalogue: Catalogue): ServiceDetail[] {
  return services.map((summary) => detailOf(summary, catalogue));
}

/** @throws NOT_FOUND */
export async function serviceDetail(
  { services, atMs }: WallState,
  catalogue: Catalogue,
  name: string,
  metrics: SeriesSource,
  signal: AbortSignal,
): Promise<ServiceDetail> {
  const summary = services.find((service) => service.name === name);
  if (!summary)
    throw new GoblinError('NOT_FOUND', { message: `there is no service ${JSON.stringify(name)}` });
  const query = `count by (exported_service, procedure) (last_over_time(${ANSWERED}{service=${JSON.stringify(name)}}[1h]))`;
  const { series } = await queryInstant(metrics, query, atMs, { signal, timeoutMs: TIMEOUT_MS });
  const contract = series[0]?.labels.exported_service;
  if (contract === undefined) return detailOf(summary, catalogue);
  const procedures = [...new Set(series.map(({ labels }) => labels.procedure ?? ''))].sort();
  return { ...detailOf(summary, catalogue), contract: { name: contract, procedures: procedures.map(named) } };
}

function detailOf(summary: ServiceSummary, catalogue: Catalogue): ServiceDetail {
  const entry = Object.hasOwn(catalogue, summary.name) ? catalogue[summary.name]! : {};
  const { description, ...known } = entry;
  return { ...summary, ...known, ...(description !== undefined && { about: description }) };
}

function named(name: string): { name: string } {
  return { name };
}
