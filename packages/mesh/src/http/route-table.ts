/** Finds the route of a request. Patterns are `METHOD /path`: a segment may be literal (`badges`), a parameter
 * (`:repo`), a parameter between literals (`:repo.svg`, `v:major`), or, last, `*` for the rest of the path, which
 * becomes the parameter `*`. Paths without parameters are found in a Map; the others are tried from the most to
 * the least specific, segment by segment: literal, parameter with literals, parameter, rest. */
import { GoblinError } from '@goblin/core';

export type Params = Readonly<Record<string, string>>;

export type RouteMatch<Target> =
  | { readonly target: Target; readonly pattern: string; readonly params: Params }
  /** The path exists, but not for this method. */
  | { readonly allowed: readonly string[] };

interface Place<Target> {
  /** `/badges/:repo.svg` */
  readonly path: string;
  readonly matcher: RegExp;
  readonly names: readonly string[];
  readonly rank: string;
  readonly targets: Map<string, Target>;
}

const PATTERN = /^([A-Z]+) (\/\S*)$/;
const SEGMENT = /^([^:*]*):([A-Za-z_][A-Za-z0-9_]*)([^:*]*)$/;
const NO_PARAMS: Params = {};

export class RouteTable<Target> {
  readonly #fixed = new Map<string, Place<Target>>();
  #variable: Place<Target>[] = [];

  /** @throws CONFIG_INVALID for a pattern that is not of the form or that stands here already. */
  add(pattern: string, target: Target): void {
    const [, method, path] = PATTERN.exec(pattern) ?? [];
    if (!method || !path) {
      throw new GoblinError('CONFIG_INVALID', {
        message: `${JSON.stringify(pattern)} is not a route: write METHOD /path, such as 'GET /badges/:repo.svg'`,
      });
    }
    const place = this.#placeOf(path);
    if (place.targets.has(method))
      throw new GoblinError('CONFIG_INVALID', { message: `the route '${pattern}' is declared twice` });
    place.targets.set(method, target);
  }

  /** @throws MALFORMED_REQUEST for a parameter that is not percent-encoded. */
  find(method: string, path: string): RouteMatch<Target> | undefined {
    const allowed = new Set<string>();
    const fixed = this.#fixed.get(path);
    if (fixed) {
      const target = targetOf(fixed, method);
      if (target) return { target, pattern: fixed.path, params: NO_PARAMS };
      addMethods(allowed, fixed);
    }
    for (const place of this.#variable) {
      const match = place.matcher.exec(path);
      if (!match) continue;
      const target = targetOf(place, method);
      if (target) return { target, pattern: place.path, params: paramsOf(place, match) };
      addMethods(allowed, place);
    }
    return allowed.size > 0 ? { allowed: [...allowed].sort() } : undefined;
  }

  #placeOf(path: string): Place<Target> {
    const known = this.#fixed.get(path) ?? this.#variable.find((place) => place.path === path);
    if (known) return known;
    const place = compile<Target>(path);
    if (place.names.length === 0) this.#fixed.set(path, place);
    else this.#variable = [...this.#variable, place].sort((a, b) => (a.rank < b.rank ? -1 : 1));
    return place;
  }
}

/** HEAD is answered by GET where it has no route of its own. */
function targetOf<Target>(place: Place<Target>, method: string): Target | undefined {
  return place.targets.get(method) ?? (method === 'HEAD' ? place.targets.get('GET') : undefined);
}

function addMethods(allowed: Set<string>, place: Place<unknown>): void {
  for (const method of place.targets.keys()) allowed.add(method);
  if (place.targets.has('GET')) allowed.add('HEAD');
}

function paramsOf(place: Place<unknown>, match: RegExpExecArray): Params {
  const params: Record<string, string> = {};
  place.names.forEach((name, i) => {
    const text = match[i + 1]!;
    try {
      params[name] = decodeURIComponent(text);
    } catch {
      throw new GoblinError('MALFORMED_REQUEST', {
        message: `${JSON.stringify(text)} in the path is not percent-encoded`,
      });
    }
  });
  return params;
}

function compile<Target>(path: string): Place<Target> {
  const names: string[] = [];
  let source = '';
  let rank = '';
  const segments = path.split('/').slice(1);
  segments.forEach((segment, i) => {
    if (segment === '*' && i === segments.length - 1) {
      names.push('*');
      source += '/(.*)';
      rank += '3';
      return;
    }
    const [, before = '', name, after = ''] = SEGMENT.exec(segment) ?? [];
    if (name !== undefined) {
      if (names.includes(name)) throw notAPath(path, `it names :${name} twice`);
      names.push(name);
      source += `/${literally(before)}([^/]+?)${literally(after)}`;
      rank += before || after ? '1' : '2';
    } else if (/[:*]/.test(segment))
      throw notAPath(path, `${JSON.stringify(segment)} is neither text nor :name`);
    else {
      source += `/${literally(segment)}`;
      rank += '0';
    }
  });
  return { path, matcher: new RegExp(`^${source}$`), names, rank, targets: new Map() };
}

function notAPath(path: string, reason: string): GoblinError {
  return new GoblinError('CONFIG_INVALID', { message: `'${path}' is not a path of a route: ${reason}` });
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
