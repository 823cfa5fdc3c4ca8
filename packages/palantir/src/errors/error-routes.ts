/** Error groups over HTTP: the list, one with its samples, and what somebody decides about it. */
import { GoblinError, type Route } from '@goblin/core';
import type { Routes } from '../web/access.ts';
import type { ErrorGroup, ErrorGroups, ErrorState } from './error-group.ts';

const NO_STORE = { 'cache-control': 'no-store' };
const STATES: readonly string[] = ['open', 'resolved', 'ignored'];
const MAX_LIMIT = 2_000;

type Decide = (fingerprint: string, by: string, version: string | undefined) => ErrorGroup;

export function errorRoutes(errors: ErrorGroups): Routes {
  return {
    'GET /palantir/errors': (request) => {
      const { searchParams: params } = new URL(request.url);
      const [state, service, limit] = ['state', 'service', 'limit'].map((name) => params.get(name));
      if (state && !STATES.includes(state)) throw invalid(`state: write one of ${STATES.join(', ')}`);
      if (limit && !(/^\d+$/.test(limit) && Number(limit) >= 1 && Number(limit) <= MAX_LIMIT))
        throw invalid(`limit: write a whole number from 1 to ${MAX_LIMIT}`);
      const found = errors.list({
        ...(state && { state: state as ErrorState }),
        ...(service && { service }),
        ...(limit && { limit: Number(limit) }),
      });
      return Response.json(found, { headers: NO_STORE });
    },
    'GET /palantir/errors/:fingerprint': (_request, _call, { fingerprint = '' }) =>
      Response.json(errors.get(fingerprint), { headers: NO_STORE }),
    'POST /palantir/errors/:fingerprint/resolve': deciding((fingerprint, by, version) =>
      errors.resolve(fingerprint, by, version),
    ),
    'POST /palantir/errors/:fingerprint/ignore': deciding((fingerprint, by) =>
      errors.ignore(fingerprint, by),
    ),
    'POST /palantir/errors/:fingerprint/reopen': deciding((fingerprint, by) =>
      errors.reopen(fingerprint, by),
    ),
  };
}

/** The body is `{ by, version? }`. */
function deciding(decide: Decide): Route<unknown> {
  return async (request, _call, { fingerprint = '' }) => {
    const given = (await request.json().catch(() => undefined)) as Record<string, unknown> | undefined | null;
    const { by, version } = given ?? {};
    if (typeof by !== 'string') throw invalid('by: write who you are');
    if (version !== undefined && typeof version !== 'string')
      throw invalid('version: write the version that has the remedy');
    return Response.json(decide(fingerprint, by, version), { headers: NO_STORE });
  };
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
