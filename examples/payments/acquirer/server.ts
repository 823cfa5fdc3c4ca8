/** The acquirer's HTTP interface. It answers late, refuses or hangs as `behaviour.ts` says; a merchant who repeats
 * a request with the same reference gets the same charge.
 *
 *   POST /v1/charges                 { reference, merchant, amount: { currency, minor }, card: { number }, note? } → 201 charge
 *   GET  /v1/charges?reference=…     → 200 charge, or 404
 *   GET  /v1/charges                 → 200 { charges }, all of them
 *   POST /v1/cancellations           { reference } → 200 charge: canceled, unless it was charged before
 *
 * All but `GET /` ask for `authorization: Bearer <key>`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { latencyMs, type Random, troubleWith } from './behaviour.ts';
import type { ChargeRequest, Charges } from './charges.ts';
import type { Ledger } from './ledger.ts';

const MAX_NOTE_LENGTH = 200;
const MAX_BODY_BYTES = 16_384;
/** How long a request is left hanging before its connection is cut. */
const HANG_MS = 10_000;
/** Remembers how often each of the latest references was tried. */
const MAX_ATTEMPTS_KEPT = 10_000;

export interface ServerOptions {
  readonly key: string;
  readonly charges: Charges;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Share of charges that meet trouble by chance, from 0 to 1. */
  readonly trouble: number;
}

export function acquirerServer({ key, charges, ledger, random, trouble }: ServerOptions): Server {
  const attempts = new Map<string, number>();

  function countAttempt(reference: string): number {
    const count = (attempts.get(reference) ?? 0) + 1;
    attempts.delete(reference);
    attempts.set(reference, count);
    if (attempts.size > MAX_ATTEMPTS_KEPT) attempts.delete(attempts.keys().next().value!);
    return count;
  }

  async function createCharge(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wanted = await readJson(request);
    if (!isChargeRequest(wanted)) return answer(response, 400, { error: 'invalid_request' });
    const meets = troubleWith(wanted.card.number, countAttempt(wanted.reference), trouble, random);
    await sleep(latencyMs(random));
    if (meets === 'refuse') return answer(response, 503, { error: 'bank_unreachable' });
    if (meets === 'hang') return hang(response);
    const charge = await charges.charge(wanted);
    if (meets === 'lose answer') return hang(response);
    if (!charge) return answer(response, 409, { error: 'reference_used_with_another_amount' });
    answer(response, 201, charge);
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://acquirer');
    const reference = url.searchParams.get('reference');
    if (url.pathname === '/') return answer(response, 200, { service: 'acquirer' });
    if (!isAuthorised(request, key)) return answer(response, 401, { error: 'unauthorised' });
    switch (`${request.method} ${url.pathname}`) {
      case 'POST /v1/charges':
        return createCharge(request, response);
      case 'GET /v1/charges': {
        if (reference === null) return answer(response, 200, { charges: [...ledger.charges] });
        const charge = ledger.find(reference);
        return charge ? answer(response, 200, charge) : answer(response, 404, { error: 'no_such_charge' });
      }
      case 'POST /v1/cancellations': {
        const wanted = await readJson(request);
        if (!hasReference(wanted)) return answer(response, 400, { error: 'invalid_request' });
        return answer(response, 200, await charges.cancel(wanted.reference));
      }
      default:
        return answer(response, 404, { error: 'not_found' });
    }
  }

  return createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      if (response.destroyed) return;
      const malformed = error instanceof SyntaxError || error instanceof RangeError;
      if (!malformed) console.error('acquirer:', error);
      answer(response, malformed ? 400 : 500, { error: malformed ? 'invalid_request' : 'internal' });
    });
  });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function hang(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), HANG_MS).unref();
  response.once('close', () => clearTimeout(timer));
}

/** Compares digests, so that the time it takes tells nothing of the key. */
function isAuthorised(request: IncomingMessage, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ''), digest(`Bearer ${key}`));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new RangeError(`a body has at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function hasReference(value: unknown): value is { reference: string } {
  return isObject(value) && isName(value.reference);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

function isChargeRequest(value: unknown): value is ChargeRequest {
  if (!hasReference(value)) return false;
  const { merchant, amount, card, note } = value as Partial<Record<keyof ChargeRequest, unknown>>;
  return (
    isName(merchant) &&
    isObject(amount) &&
    typeof amount.currency === 'string' &&
    Number.isSafeInteger(amount.minor) &&
    (amount.minor as number) > 0 &&
    isObject(card) &&
    typeof card.number === 'string' &&
    /^\d{12,19}$/.test(card.number) &&
    (note === undefined || (typeof note === 'string' && note.length <= MAX_NOTE_LENGTH))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
