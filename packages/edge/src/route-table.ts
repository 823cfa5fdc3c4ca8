/** The routes of the edge, compiled once. They are tried in the order in which they are written and the first whose
 * host and path match takes the request; the table is cut by the first path segment, so that only routes that could
 * match are looked at.
 *
 * `/pay/*` takes `/pay`, `/pay/` and everything below. `/pay` takes `/pay` and `/pay/`. `:name` takes one segment that
 * is not empty. Case matters. `*.example.com` takes any name below example.com, not example.com itself. */
import { bytes, type Clock, type EdgeRoute, GoblinError, milliseconds } from '@goblin/core';
import { DEFAULT_MAX_BODY_BYTES, DEFAULT_TIMEOUT_MS } from './limits.ts';
import { type RouteLimit, routeLimit } from './rate-limit.ts';
import { normalPath } from './request-target.ts';

export interface CompiledRoute {
  readonly spec: EdgeRoute;
  /** Host and path pattern: the `route` label of metrics and log lines. */
  readonly label: string;
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
  readonly limit: RouteLimit | undefined;
  /** Whether it claims the path without a pattern. */
  readonly literal: boolean;
  matches(host: string, segments: readonly string[]): boolean;
  /** Requests that run now. */
  active: number;
}

export interface RouteTable {
  readonly routes: readonly CompiledRoute[];
  /** @param path normalised. */
  match(host: string, path: string): CompiledRoute | undefined;
}

/** @param previous the table that this one replaces: limits that have not changed go on counting.
 * @throws CONFIG_INVALID naming every route that is wrong. */
export function routeTable(specs: readonly EdgeRoute[], clock: Clock, previous?: RouteTable): RouteTable {
  const problems: string[] = [];
  const routes: CompiledRoute[] = [];
  for (const [index, spec] of specs.entries()) {
    try {
      const same = previous?.routes.find(
        ({ spec: old }) => old.path === spec.path && old.host === spec.host && old.limit === spec.limit,
      );
      routes.push(compile(spec, clock, same?.limit));
    } catch (error) {
      problems.push(`edge.routes[${index}] (${spec.path}): ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the edge has ${problems.length} wrong ${problems.length === 1 ? 'route' : 'routes'}\n  ${problems.join('\n  ')}`,
      data: { problems },
    });
  }
  const { byFirst, patterned } = cut(routes);
  return {
    routes,
    match(host, path) {
      const segments = path.slice(1).split('/');
      const candidates = byFirst.get(segments[0]!) ?? patterned;
      return candidates.find((route) => route.matches(host, segments));
    },
  };
}

function compile(spec: EdgeRoute, clock: Clock, limit: RouteLimit | undefined): CompiledRoute {
  const pattern = patternOf(spec.path);
  return {
    spec,
    label: `${spec.host ?? ''}${spec.path}`,
    maxBodyBytes: spec.maxBody === undefined ? DEFAULT_MAX_BODY_BYTES : bytes(spec.maxBody),
    timeoutMs: spec.timeout === undefined ? DEFAULT_TIMEOUT_MS : milliseconds(spec.timeout),
    limit: spec.limit === undefined ? undefined : (limit ?? routeLimit(spec.limit, clock)),
    literal: !pattern.open && pattern.segments.every((segment) => segment !== ANY),
    matches: matcher(hostMatcher(spec.host), pattern),
    active: 0,
  };
}

/** Stands for `:name`. */
const ANY = Symbol('one segment');

interface Pattern {
  readonly segments: readonly (string | typeof ANY)[];
  /** Ends in `*`. */
  readonly open: boolean;
}

function patternOf(path: string): Pattern {
  if (!path.startsWith('/')) throw new GoblinError('CONFIG_INVALID', { message: 'a path starts with /' });
  const parts = normalPath(path).slice(1).split('/');
  const open = parts.at(-1) === '*';
  if (open || parts.at(-1) === '') parts.pop();
  const segments = parts.map((part) => {
    if (/^:\w+$/.test(part)) return ANY;
    if (part.includes('*') || part.startsWith(':')) {
      throw new GoblinError('CONFIG_INVALID', {
        message: `${JSON.stringify(part)}: * stands alone as the last segment, and :name stands for a whole segment`,
      });
    }
    return part;
  });
  return { segments, open };
}

function matcher(
  matchesHost: (host: string) => boolean,
  { segments: wanted, open }: Pattern,
): CompiledRoute['matches'] {
  return (host, segments) => {
    if (segments.length < wanted.length) return false;
    for (let i = 0; i < wanted.length; i++) {
      if (wanted[i] === ANY ? segments[i] === '' : wanted[i] !== segments[i]) return false;
    }
    const over = segments.length - wanted.length;
    const fits = open || over === 0 || (over === 1 && segments.at(-1) === '');
    return fits && matchesHost(host);
  };
}

function hostMatcher(pattern: string | undefined): (host: string) => boolean {
  if (pattern === undefined) return () => true;
  const wanted = pattern.toLowerCase();
  if (!/^(?:\*\.)?[a-z0-9.:[\]-]+$/.test(wanted)) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `host ${JSON.stringify(pattern)} is not of the form shop.example.com or *.example.com, without port`,
    });
  }
  if (!wanted.startsWith('*.')) return (host) => host === wanted;
  const suffix = wanted.slice(1);
  return (host) => host.length > suffix.length && host.endsWith(suffix);
}

/** For each first segment that some route names, the routes that could take it, in order. */
function cut(routes: readonly CompiledRoute[]): {
  byFirst: Map<string, CompiledRoute[]>;
  patterned: CompiledRoute[];
} {
  const firsts = new Map(routes.map((route) => [route, patternOf(route.spec.path)]));
  const firstOf = (route: CompiledRoute): string | undefined => {
    const { segments, open } = firsts.get(route)!;
    const first = segments.length === 0 && !open ? '' : segments[0];
    return typeof first === 'string' ? first : undefined;
  };
  const patterned = routes.filter((route) => firstOf(route) === undefined);
  const byFirst = new Map<string, CompiledRoute[]>();
  for (const route of routes) {
    const first = firstOf(route);
    if (first === undefined || byFirst.has(first)) continue;
    byFirst.set(
      first,
      routes.filter((other) => (firstOf(other) ?? first) === first),
    );
  }
  return { byFirst, patterned };
}
