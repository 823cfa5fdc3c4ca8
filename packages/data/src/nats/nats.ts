/** NATS as a module of a service: it carries events between databases. PostgreSQL stays the system of record; what NATS has not got
 * waits there, so a service starts and works without it.
 *
 * Health: always ok, with the problem as its detail, because calls do not need NATS. Alert on `nats_connected`. */
import { GoblinError, type Module, type ModuleContext, secret, setting } from '@goblin/core';
import { type NatsBus, openBus } from './connection.ts';

export interface NatsOptions {
  /** Tells several buses of a process apart, such as those of tenants with accounts of their own. The settings of `acme` begin with
   * `NATS_ACME_`. Default `nats`, whose settings begin with `NATS_`. */
  readonly name?: string;
  /** What all subjects begin with. Where tenants share an account, give each one of its own: `acme.goblin`.
   * Default `goblin`. */
  readonly prefix?: string;
}

/** The name of a site becomes a token of subjects and a part of the names of streams. */
const SITE = /^[a-z][a-z0-9-]{0,30}$/;
const PREFIX = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){0,3}$/;
const NAME = /^[a-z][a-z0-9]{0,30}$/;

/** @example const bus = await app.use(nats()); app.background('out', forward(db, bus, settled));
 * @throws CONFIG_INVALID */
export function nats(options: NatsOptions = {}): Module<NatsBus> {
  const { name = 'nats', prefix = 'goblin' } = options;
  check(NAME, name, 'the name of a bus: write lower-case letters and digits, a letter first');
  check(
    PREFIX,
    prefix,
    'a prefix of subjects: write words of lower-case letters, digits and dashes with dots between',
  );
  return {
    name: name === 'nats' ? 'nats' : `nats ${name}`,
    start: (module) => start(module, name, prefix),
    stop: (bus) => bus.close(),
    health: ({ problem }) => ({
      ok: true,
      ...(problem !== undefined && { detail: `${problem}; events wait` }),
    }),
  };
}

function start({ config, telemetry }: ModuleContext, name: string, prefix: string): NatsBus {
  const settings = name === 'nats' ? 'NATS' : `NATS_${name.toUpperCase()}`;
  const values: Readonly<Record<string, unknown>> = config({
    [`${settings}_URL`]: setting.list({ description: 'servers of NATS: nats://host:4222, or tls://' }),
    [`${settings}_SITE`]: setting.text({ description: 'the name of this database among the sites' }),
    [`${settings}_DOMAIN`]: setting.text({
      optional: true,
      description: 'the JetStream domain of the streams',
    }),
    [`${settings}_CREDS`]: secret({ optional: true, description: 'a creds file of NATS, or an nkey seed' }),
    [`${settings}_USER`]: setting.text({ optional: true, description: 'the user, where there are no creds' }),
    [`${settings}_PASSWORD`]: secret({ optional: true, description: 'the password of the user' }),
    [`${settings}_CA`]: setting.text({ optional: true, description: 'PEM file of the authorities to trust' }),
  });
  const value = <T>(key: string): T => values[`${settings}_${key}`] as T;
  check(
    SITE,
    value('SITE'),
    `${settings}_SITE: write lower-case letters, digits and dashes, a letter first, at most 31`,
  );
  return openBus({
    name,
    prefix,
    telemetry,
    site: value('SITE'),
    servers: value('URL'),
    domain: value('DOMAIN'),
    creds: value('CREDS'),
    user: value('USER'),
    password: value('PASSWORD'),
    caFile: value('CA'),
  });
}

function check(form: RegExp, text: string, rule: string): void {
  if (!form.test(text)) {
    throw new GoblinError('CONFIG_INVALID', { message: `${JSON.stringify(text)} is no form of ${rule}` });
  }
}
