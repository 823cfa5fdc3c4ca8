/** Alerts, rules and silences over HTTP. */
import { GoblinError } from '@goblin/core';
import type { Matcher } from '../model.ts';
import type { Routes } from '../web/access.ts';
import type { Alerts } from './engine.ts';
import type { NewSilence } from './silences.ts';

const NO_STORE = { 'cache-control': 'no-store' };
const OPS: readonly string[] = ['=', '!=', '=~', '!~'];
const MAX_LABEL = 1_000;

export function alertRoutes(alerts: Alerts): Routes {
  const { silences } = alerts;
  return {
    'GET /palantir/alerts': () =>
      Response.json({ alerts: alerts.current(), rules: alerts.rules }, { headers: NO_STORE }),
    'GET /palantir/silences': () => Response.json(silences.list(), { headers: NO_STORE }),
    'POST /palantir/silences': async (request) => {
      const given: unknown = await request.json().catch(() => undefined);
      return Response.json(silences.add(silenceOf(given)), { status: 201, headers: NO_STORE });
    },
    'DELETE /palantir/silences/:id': (request, _call, { id = '' }) => {
      const by = new URL(request.url).searchParams.get('by') ?? '';
      if (!/^\d{1,15}$/.test(id)) throw invalid(`id: ${JSON.stringify(id)} is no number of a silence`);
      return Response.json(silences.expire(Number(id), by), { headers: NO_STORE });
    },
  };
}

function silenceOf(given: unknown): NewSilence {
  if (typeof given !== 'object' || given === null)
    throw invalid('write a JSON object with matchers, untilMs, author and comment');
  const { matchers, untilMs, author, comment } = given as Record<string, unknown>;
  if (!Array.isArray(matchers))
    throw invalid('matchers: write a list such as [{"label": "service", "op": "=", "value": "tax"}]');
  if (typeof untilMs !== 'number') throw invalid('untilMs: write milliseconds since the Unix epoch');
  if (typeof author !== 'string') throw invalid('author: write who you are');
  if (typeof comment !== 'string') throw invalid('comment: write why');
  return { matchers: matchers.map(matcherOf), untilMs, author, comment };
}

function matcherOf(given: unknown, index: number): Matcher {
  const { label, op, value } = (given ?? {}) as Record<string, unknown>;
  const at = `matchers[${index}]`;
  if (typeof label !== 'string' || label === '' || label.length > MAX_LABEL)
    throw invalid(`${at}.label: write the name of a label`);
  if (typeof op !== 'string' || !OPS.includes(op)) throw invalid(`${at}.op: write one of ${OPS.join(' ')}`);
  if (typeof value !== 'string' || value.length > MAX_LABEL)
    throw invalid(`${at}.value: write a text of at most ${MAX_LABEL} characters`);
  return { label, op: op as Matcher['op'], value };
}

function invalid(message: string): GoblinError {
  return new GoblinError('INVALID_INPUT', { message });
}
