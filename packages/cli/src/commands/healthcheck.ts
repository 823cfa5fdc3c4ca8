/** `goblin healthcheck`: asks the service of this container how it is, on loopback, for `HEALTHCHECK CMD ["goblin", "healthcheck"]`
 * of its image. It runs every few seconds in each container, so it loads neither the project nor the mesh. It says why in one line,
 * which Docker keeps, within a deadline, and exits as Docker wants: 0 or 1.
 *
 * It asks whether the process is alive, and only with --ready whether it can work: Swarm and Kubernetes end what is unhealthy, and
 * that mends no database. */
import { request } from 'node:http';
import { GoblinError, type Health, milliseconds } from '@goblin/core';
import { type CommandContext, UsageError } from '../command.ts';

/** Docker itself waits for 30 s, unless the image says otherwise. */
const DEFAULT_DEADLINE = '3s';
const MAX_DEADLINE_MS = 600_000;
const MAX_ANSWER_CHARS = 65_536;
const MAX_PORT = 65_535;
/** They stand for all addresses, loopback among them. */
const EVERYWHERE = ['', '0.0.0.0', '::'];
const LOOPBACK = '127.0.0.1';

interface Verdict {
  readonly ok: boolean;
  readonly url: string;
  /** Why, in one line. */
  readonly reason: string;
  /** By name, as a service answers with --ready. */
  readonly checks?: Readonly<Record<string, Health>>;
}

export async function run(context: CommandContext): Promise<number> {
  const verdict = await verdictOf(placeOf(context), deadlineOf(context));
  if (context.flag('json')) context.printJson(verdict);
  else context.print(verdict.reason);
  return verdict.ok ? 0 : 1;
}

/** @throws CONFIG_INVALID, UsageError */
function placeOf(context: CommandContext): URL {
  const { GOBLIN_PORT, GOBLIN_HOST = '' } = context.io.env;
  const port = context.text('port') ?? GOBLIN_PORT;
  if (port === undefined || port === '0')
    throw new GoblinError('CONFIG_INVALID', {
      message:
        'GOBLIN_PORT does not say where the service listens: set it in the image, or name the port by --port',
    });
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT)
    throw new UsageError(`${JSON.stringify(port)} is not a port: it is a number up to ${MAX_PORT}`);
  const host = EVERYWHERE.includes(GOBLIN_HOST) ? LOOPBACK : GOBLIN_HOST;
  const scheme = context.flag('tls') ? 'https' : 'http';
  const path = context.flag('ready') ? '/readyz' : '/healthz';
  return new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`);
}

/** @throws INVALID_INPUT, UsageError */
function deadlineOf(context: CommandContext): number {
  const deadlineMs = Math.ceil(milliseconds(context.text('deadline') ?? DEFAULT_DEADLINE));
  if (deadlineMs > MAX_DEADLINE_MS) throw new UsageError('--deadline is at most 10m');
  return deadlineMs;
}

async function verdictOf(url: URL, deadlineMs: number): Promise<Verdict> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const { status, text } = await ask(url, signal);
    const checks = checksIn(text);
    const reason = reasonOf(url, status, checks);
    return { ok: status === 200, url: url.href, reason, ...(checks && { checks }) };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const refused = code === 'ECONNREFUSED' ? 'nothing listens there' : message;
    const reason = signal.aborted ? `there is no answer within ${deadlineMs} ms` : refused;
    return { ok: false, url: url.href, reason: `${url.href}: ${reason}` };
  }
}

function reasonOf({ href, pathname }: URL, status: number, checks: Verdict['checks'] = {}): string {
  if (status === 200) return pathname === '/readyz' ? 'ready' : 'alive';
  const failing = Object.entries(checks).filter(([, check]) => check?.ok === false);
  const named = failing.map(([name, { detail }]) => (detail === undefined ? name : `${name}: ${detail}`));
  return named.join('; ').replaceAll(/\s+/g, ' ') || `${href} answers ${status}`;
}

function checksIn(text: string): Verdict['checks'] | undefined {
  try {
    return (JSON.parse(text) as { checks?: Verdict['checks'] }).checks;
  } catch {
    return undefined; // Somebody else listens there; the status says enough.
  }
}

async function ask(
  url: URL,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  // Of TLS: the certificate names the host that others know, not loopback.
  const options = { agent: false, signal, rejectUnauthorized: false };
  const begin = url.protocol === 'https:' ? (await import('node:https')).request : request;
  return new Promise((resolve, reject) => {
    const asked = begin(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (text.length > MAX_ANSWER_CHARS) asked.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}
