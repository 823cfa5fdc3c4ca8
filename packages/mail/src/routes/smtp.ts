/** A route to an SMTP server (RFC 5321), by nodemailer's connection. Connections are kept for the next mail, as many as mails
 * are under way at once. Passwords travel encrypted only: with STARTTLS, which must succeed, or `smtps:`; certificates are checked. */

import { isIP } from 'node:net';
import { type Duration, GoblinError, milliseconds, type Secret, systemClock, type Timer } from '@goblin/core';
import { mimeOf } from './mime.ts';
import type { OpenRoute, Outcome, Route, RouteOptions, RouteSetup, Sending } from './route.ts';
import { declined, type SmtpError } from './smtp-errors.ts';
import { type SmtpLogin, SmtpSession } from './smtp-session.ts';

/** Mails on one connection; then it is closed, because servers limit them. */
const MAX_MAILS = 100;
/** How long a connection waits for the next mail. */
const IDLE_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Of a server that is silent in the midst of a mail. */
const SILENCE_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 120_000;

export interface SmtpOptions extends RouteOptions {
  /** `smtp://user:password@mail.example.com:587` or `smtps://…`. In a file, because it has a password. */
  readonly url: Secret;
  /** Sends passwords and mails unencrypted where the server offers nothing better. Default only to this machine. */
  readonly plain?: boolean;
  /** The certificate to trust, in PEM, where the server's is none of a public authority. */
  readonly ca?: string;
  /** How long one attempt may take, from connecting to the last answer. Default 2 min. */
  readonly timeout?: Duration;
}

/** @example smtp({ name: 'primary', url: SMTP_URL, rate: '10/s' })
 * @throws CONFIG_INVALID when the URL is none */
export function smtp(options: SmtpOptions): Route {
  const { name = 'smtp', rate, ca } = options;
  const server = serverOf(name, options.url);
  const connection = {
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: !server.secure && !(options.plain ?? isLoopback(server.host)),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
    ...(ca !== undefined && { tls: { ca } }),
  };
  return {
    name,
    ...(rate !== undefined && { rate }),
    timeoutMs: options.timeout === undefined ? DEFAULT_TIMEOUT_MS : milliseconds(options.timeout),
    open: (setup) => smtpRoute((signal) => SmtpSession.open(connection, server.login, signal), setup),
  };
}

function smtpRoute(connect: (signal: AbortSignal) => Promise<SmtpSession>, setup: RouteSetup): OpenRoute {
  const idle = new Map<SmtpSession, Timer>();

  function take(): SmtpSession | undefined {
    for (const [session, timer] of idle) {
      timer.cancel();
      idle.delete(session);
      if (session.alive) return session;
    }
    return undefined;
  }

  function keep(session: SmtpSession): void {
    if (!session.alive || session.carried >= MAX_MAILS) return session.quit();
    const timer = systemClock.after(IDLE_MS, () => {
      idle.delete(session);
      session.quit();
    });
    idle.set(session, timer);
  }

  async function sendOn(session: SmtpSession, sending: Sending): Promise<Outcome> {
    const outcome = await session.send(sending, () => mimeOf(sending.mail, setup.dkim, systemClock.wall()));
    keep(session);
    return outcome;
  }

  return {
    async send(sending) {
      const kept = take();
      if (kept) {
        let begun = false;
        const handOver = (): Promise<void> => {
          begun = true;
          return sending.handOver();
        };
        const outcome = await sendOn(kept, { ...sending, handOver });
        // Servers close idle connections as they please; that says nothing of the route.
        const wasClosed = outcome.outcome === 'declined' && outcome.ill && !begun && !sending.signal.aborted;
        if (!wasClosed) return outcome;
      }
      try {
        return await sendOn(await connect(sending.signal), sending);
      } catch (error) {
        return declined(error as SmtpError);
      }
    },
    async close() {
      for (const [session, timer] of idle) {
        timer.cancel();
        session.quit();
      }
      idle.clear();
    },
  };
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly login: SmtpLogin | undefined;
}

function serverOf(name: string, secret: Secret): Server {
  const text = secret.reveal();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === 'smtps:';
  if (!url || url.hostname === '' || (!secure && url.protocol !== 'smtp:')) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the URL of the mail route ${name} is not like smtp://user:password@mail.example.com:587 (or smtps://…)`,
    });
  }
  const { username, password } = url;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    login:
      username === ''
        ? undefined
        : { user: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
