/** A fault as it is written on the command line, and as it is said to people. */
import { randomBytes } from 'node:crypto';
import { closest, errorRegistry, GoblinError, milliseconds } from '@goblin/core';
import { type FaultEffect, type FaultMatch, type FaultSpec, parseFault } from '@goblin/mesh';
import { type CommandContext, UsageError } from '../command.ts';

const EFFECTS = 'say what it shall do: --latency 200ms, --error UNAVAILABLE or --hang';

/** @param match the calls of which contract and procedure.
 * @throws UsageError, INVALID_INPUT naming what is wrong */
export function faultOf(
  context: CommandContext,
  service: string,
  match: FaultMatch,
): FaultSpec & { id: string } {
  const { flag, text } = context;
  const effect = effectOf(context);
  const percent = text('percent');
  const tenant = text('tenant');
  const time = text('for');
  const kind = flag('hang') ? 'hang' : text('latency') === undefined ? 'error' : 'latency';
  return parseFault({
    id: `${service}-${kind}-${randomBytes(2).toString('hex')}`,
    match: {
      ...match,
      side: text('side') ?? 'server',
      ...(percent !== undefined && { percent: Number(percent.replace(/ ?%$/, '')) }),
      ...(tenant !== undefined && { tenant }),
    },
    effect,
    ...(time !== undefined && { forMs: milliseconds(time) }),
  }) as FaultSpec & { id: string };
}

function effectOf({ flag, text }: CommandContext): FaultEffect {
  const latency = text('latency');
  const error = text('error');
  const given = [latency !== undefined, error !== undefined, flag('hang') === true];
  if (given.filter(Boolean).length !== 1) throw new UsageError(EFFECTS);
  if (latency !== undefined) return { latencyMs: latencyOf(latency) };
  if (error === undefined) return { abort: 'hang' };
  if (error === 'CONNECTION_FAILED') return { abort: error };
  if (!Object.hasOwn(errorRegistry, error)) throw unknownCode(error);
  return { error: error as keyof typeof errorRegistry };
}

/** `200ms`, or `100ms..300ms`. */
function latencyOf(text: string): number | [number, number] {
  const [least = '', most] = text.split('..');
  return most === undefined ? milliseconds(least) : [milliseconds(least), milliseconds(most)];
}

function unknownCode(given: string): GoblinError {
  const codes = Object.keys(errorRegistry);
  const meant = closest(given.toUpperCase(), codes);
  return new GoblinError('INVALID_INPUT', {
    message: `there is no error code ${JSON.stringify(given)}: ${meant ? `did you mean ${meant}?` : `there are ${codes.join(', ')}`}`,
  });
}

/** `300 ms later`, `fails with UNAVAILABLE`, `hangs` */
export function effectInWords(effect: FaultEffect): string {
  if ('error' in effect) return `fails with ${effect.error}`;
  if ('abort' in effect) return effect.abort === 'hang' ? 'hangs' : 'breaks the connection';
  const { latencyMs } = effect;
  return typeof latencyMs === 'number'
    ? `takes ${latencyMs} ms longer`
    : `takes ${latencyMs[0]} to ${latencyMs[1]} ms longer`;
}

/** `tax.v1/quote, 10 %, of tenant acme, at its callers` */
export function matchInWords({ contract = '*', procedure, percent, tenant, side }: FaultMatch): string {
  return [
    `${contract}${procedure === undefined ? '' : `/${procedure}`}`,
    ...(percent === undefined ? [] : [`${percent} %`]),
    ...(tenant === undefined ? [] : [`of tenant ${tenant}`]),
    ...(side === 'client' ? ['at its callers'] : []),
  ].join(', ');
}
