/** Sends the mails of a service, in the background of each of its processes.
 *
 * Routes are tried in the order in which they are given: the first one that is fit takes a mail. Without any, mails stay on
 * this machine as .eml files, and it says so; in production that is an error. */
import { join } from 'node:path';
import { type App, type Clock, GoblinError, secret, systemClock } from '@goblin/core';
import { type Database, work } from '@goblin/data';
import { type AddressInput, parseAddress } from './addresses.ts';
import { deliverMail } from './delivery/deliver.ts';
import { deliver } from './delivery/deliver-task.ts';
import { keepHouse } from './delivery/housekeeping.ts';
import { RouteStates } from './delivery/route-states.ts';
import { RunningRoute } from './delivery/running-route.ts';
import { installMail } from './mail-schema.ts';
import { checkDkim, type Dkim } from './routes/dkim.ts';
import { outbox } from './routes/outbox.ts';
import type { Route } from './routes/route.ts';
import { smtp } from './routes/smtp.ts';
import { mailTelemetry } from './telemetry.ts';

const DEFAULT_CONCURRENCY = 5;

export interface MailerOptions {
  readonly db: Database;
  /** Who mails are from that do not say it themselves. */
  readonly from: AddressInput;
  /** In the order in which they are tried; undefined ones are left out, such as those whose secret is not there.
   * Default: one by SMTP, if the secret SMTP_URL is there. */
  readonly routes?: readonly (Route | undefined)[];
  /** Signs what goes out by SMTP. Providers sign by themselves. */
  readonly dkim?: Dkim;
  /** Mails that this process sends at the same time. Default 5. */
  readonly concurrency?: number;
  readonly clock?: Clock;
}

export interface RouteStatus {
  readonly name: string;
  /** From 0 to 1, as this process sees it. */
  readonly health: number;
  /** Its breaker is open: mails go elsewhere. */
  readonly open: boolean;
}

export interface Mailer {
  readonly db: Database;
  routes(): RouteStatus[];
}

/** What it needs of the app. */
export type MailerApp = Pick<
  App,
  'service' | 'instance' | 'telemetry' | 'config' | 'dataFolder' | 'background'
>;

/** @example
 * const db = await app.use(postgres());
 * await mailer(app, { db, from: 'Shop <shop@example.com>', routes: [smtp({ url: SMTP_URL }), postmark({ token: POSTMARK_TOKEN })] });
 * @throws INVALID_INPUT when `from` is no address; CONFIG_INVALID in production without a route, and when nothing can be signed
 * with `dkim`; MIGRATION_FAILED */
export async function mailer(app: MailerApp, options: MailerOptions): Promise<Mailer> {
  const { db, dkim, clock = systemClock, concurrency = DEFAULT_CONCURRENCY } = options;
  const from = parseAddress(options.from);
  if (dkim) checkDkim(dkim);
  const given = options.routes ?? [defaultRoute(app)];
  const routes = given.filter((route) => route !== undefined);
  if (routes.length === 0) routes.push(localRoute(app));
  checkNames(routes);
  await installMail(db);
  const telemetry = mailTelemetry(app.telemetry);
  const setup = { log: app.telemetry.log, dkim, folder: outboxFolder(app) };
  const running = routes.map((route) => new RunningRoute(route, setup, db, telemetry, clock));
  const delivery = { db, routes: running, from, clock };
  const states = new RouteStates(db, app.instance, running, clock);
  await states.write();
  const send = work(db, deliver, (job) => deliverMail(delivery, job), { concurrency });
  app.background('mail', async (signal) => {
    try {
      await Promise.all([send(signal), keepHouse(db, running, telemetry, signal), states.keep(signal)]);
    } finally {
      await Promise.all(running.map((route) => route.close()));
    }
  });
  return {
    db,
    routes: () => running.map(({ name, health }) => ({ name, health: health.value, open: health.open })),
  };
}

function defaultRoute(app: MailerApp): Route | undefined {
  const { SMTP_URL: url } = app.config({
    SMTP_URL: secret({
      optional: true,
      description: 'the server that takes mails: smtp://user:password@mail.example.com:587',
    }),
  });
  return url && smtp({ url });
}

function localRoute(app: MailerApp): Route {
  if (process.env.NODE_ENV === 'production') {
    throw new GoblinError('CONFIG_INVALID', {
      message: `${app.service} has no route for its mails: mount the secret SMTP_URL (or those of its routes), or give outbox() as a route`,
    });
  }
  app.telemetry.log.warn(
    { folder: outboxFolder(app) },
    `no mail leaves this machine: no route is configured, so mails are kept as files in ${outboxFolder(app)}`,
  );
  return outbox();
}

function outboxFolder({ dataFolder, service }: MailerApp): string {
  return join(dataFolder, 'outbox', service);
}

function checkNames(routes: readonly Route[]): void {
  const names = routes.map(({ name }) => name);
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined)
    throw new GoblinError('CONFIG_INVALID', {
      message: `two mail routes are named ${double}: give each a name of its own`,
    });
}
