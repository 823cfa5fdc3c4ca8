/** The one typed app model: `goblin.config.ts` names services, edge routes and secrets once. The same model
 * runs as processes on this machine and is what a Swarm stack or Kubernetes manifests are made from. */
import { type BackupSpec, backupProblems } from './backup-spec.ts';
import type { Duration, Size } from './duration.ts';
import { GoblinError } from './errors.ts';
import { type PalantirModel, type PalantirSpec, palantirModel, palantirProblems } from './palantir-spec.ts';

/** What the author writes. */
export interface AppSpec {
  /** Names the cluster: peers of other names on the same network are not heard. */
  readonly name: string;
  readonly services: Readonly<Record<string, string | ServiceSpec>>;
  readonly edge?: EdgeSpec;
  /** Continuous backup of the embedded database, by a process of its own. */
  readonly backup?: BackupSpec;
  /** What keeps and shows the telemetry, by a process of its own; false for none. Default: on. */
  readonly palantir?: PalantirSpec | false;
  /** Secrets that are made at random on this machine when their file is missing. Elsewhere the engine mounts them. */
  readonly secrets?: readonly string[];
}

/** A service of ours (`from`), or any program that speaks HTTP (`command` and `port`). */
export type ServiceSpec = GoblinServiceSpec | ProgramSpec;

export interface GoblinServiceSpec {
  /** The folder with `service.ts`, relative to the config file. */
  readonly from: string;
  /** How many processes. Default 1. */
  readonly instances?: number;
  /** Settings, as environment variables. Never secrets. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProgramSpec {
  /** Run without a shell, in the folder of the config file. `node` is the Node that runs Goblin. */
  readonly command: string;
  /** Where it listens, on loopback. Also given to it as PORT. */
  readonly port: number;
  /** Answers 2xx when it is ready. Default `/`, where any answer counts. */
  readonly health?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface EdgeSpec {
  /** Default 8080. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Files in PEM; read again when they change. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** With TLS: tells browsers to come by TLS only, for so long (RFC 6797). Default: not told. */
  readonly hsts?: Duration;
  /** Addresses and ranges of proxies in front of the edge, such as `10.0.0.0/8`. What they say of the client (address,
   * host, scheme, request id, trace) is believed. Default none. */
  readonly trustedProxies?: readonly string[];
  /** The first route that matches host and path takes the request. */
  readonly routes: readonly EdgeRoute[];
}

export interface EdgeRoute {
  /** `/v1/payments/*`: a trailing `*` takes the rest; `:name` takes one segment. */
  readonly path: string;
  /** `shop.example.com` or `*.example.com`; any host when absent. */
  readonly host?: string;
  /** Name of a service. */
  readonly to: string;
  /** Which share of callers goes to `to`; the rest goes to `otherwise`. A caller stays on its side. Default 100. */
  readonly percent?: number;
  readonly otherwise?: string;
  /** `100/s per client`, `1000/m per tenant`, `50/s` for all together. */
  readonly limit?: string;
  /** Default 1 MiB. */
  readonly maxBody?: Size;
  /** Until the response head. Default 30 s. */
  readonly timeout?: Duration;
}

/** A service with its defaults filled in. */
export type ServiceModel =
  | ({ readonly kind: 'service'; readonly name: string } & Required<GoblinServiceSpec>)
  | ({ readonly kind: 'program'; readonly name: string; readonly instances: number } & Required<ProgramSpec>);

export interface AppModel {
  readonly name: string;
  readonly services: Readonly<Record<string, ServiceModel>>;
  readonly edge: EdgeSpec | undefined;
  readonly backup: BackupSpec | undefined;
  readonly palantir: PalantirModel | undefined;
  readonly secrets: readonly string[];
}

const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** Checks and completes the model. @throws CONFIG_INVALID listing everything that is wrong. */
export function app(spec: AppSpec): AppModel {
  const problems: string[] = [];
  const services: Record<string, ServiceModel> = {};
  if (!NAME.test(spec.name)) problems.push(`name ${JSON.stringify(spec.name)}: ${NAME_RULE}`);
  for (const [name, service] of Object.entries(spec.services)) {
    if (!NAME.test(name) || name === 'edge')
      problems.push(`services.${name}: ${NAME_RULE}, and "edge" is taken`);
    const model = serviceModel(name, service);
    if (!Number.isInteger(model.instances) || model.instances < 0 || model.instances > 100) {
      problems.push(`services.${name}.instances: write a whole number from 0 to 100`);
    }
    services[name] = model;
  }
  for (const [index, route] of (spec.edge?.routes ?? []).entries()) {
    for (const problem of routeProblems(route, services))
      problems.push(`edge.routes[${index}] (${route.path}): ${problem}`);
  }
  if (spec.backup) {
    if (Object.hasOwn(services, 'backup'))
      problems.push('services.backup: the name is that of the process that makes the backups');
    problems.push(...backupProblems(spec.backup));
  }
  const palantir = spec.palantir ?? {};
  if (palantir) {
    if (Object.hasOwn(services, 'palantir'))
      problems.push('services.palantir: the name is that of the process that keeps the telemetry');
    problems.push(...palantirProblems(palantir));
  }
  if (problems.length > 0) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the app model is wrong in ${problems.length} ${problems.length === 1 ? 'place' : 'places'}\n  ${problems.join('\n  ')}`,
      data: { problems },
    });
  }
  return {
    name: spec.name,
    services,
    edge: spec.edge,
    backup: spec.backup,
    palantir: palantir ? palantirModel(palantir) : undefined,
    secrets: spec.secrets ?? [],
  };
}

const NAME_RULE = 'write lower-case letters, digits and dashes, a letter first, at most 63';

function serviceModel(name: string, spec: string | ServiceSpec): ServiceModel {
  if (typeof spec === 'string') return { kind: 'service', name, from: spec, instances: 1, env: {} };
  if ('command' in spec) return { kind: 'program', name, instances: 1, health: '/', env: {}, ...spec };
  return { kind: 'service', name, instances: 1, env: {}, ...spec };
}

function* routeProblems(
  route: EdgeRoute,
  services: Readonly<Record<string, ServiceModel>>,
): Generator<string> {
  if (!route.path.startsWith('/')) yield 'a path starts with /';
  for (const target of [route.to, route.otherwise]) {
    if (target !== undefined && !Object.hasOwn(services, target)) {
      yield `there is no service ${JSON.stringify(target)}; there are ${Object.keys(services).join(', ')}`;
    }
  }
  if (route.percent !== undefined && !(route.percent >= 0 && route.percent <= 100))
    yield 'percent is from 0 to 100';
  if (route.percent !== undefined && route.percent < 100 && route.otherwise === undefined) {
    yield 'say with `otherwise` where the other callers go';
  }
  if (route.limit !== undefined && !/^\d+\/(s|m|h)( per (client|tenant))?$/.test(route.limit)) {
    yield `limit ${JSON.stringify(route.limit)} is not of the form "100/s per client"`;
  }
}
