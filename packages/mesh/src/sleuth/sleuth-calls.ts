/** Typed calls over Sleuth, by the Connect protocol: `POST /tax.v1/quote` with JSON, as any HTTP service can answer it.
 * Deadline, trace and request id go along; baggage, tenant and actor do not, and what comes back is checked by the
 * contract, because nobody on that network has shown who it is. There are no streams and no retries. */
import {
  type Call,
  type CallService,
  type Client,
  type Contract,
  check,
  clientOf,
  compose,
  context,
  contextOf,
  deadlines,
  GoblinError,
  type Telemetry,
  withTelemetry,
} from '@goblin/core';
import { encodeJson, JSON_TYPE, PROTOCOL_VERSION, VERSION_HEADER } from '../http/connect-protocol.ts';
import { pushContext } from '../http/context-headers.ts';
import { refusalOf } from '../http/unary-call.ts';
import type { SleuthInit } from './sleuth-client.ts';
import { sleuthError } from './sleuth-error.ts';

export type SleuthFetch = (target: string, init: SleuthInit) => Promise<Response>;

/** @param service the name that it has on the Sleuth network */
export function sleuthClientOf<C extends Contract>(
  contract: C,
  service: string,
  fetch: SleuthFetch,
  telemetry: Telemetry,
): Client<C> {
  const calls: CallService = async (call) => {
    if (call.procedure.stream) {
      const message = `${call.procedure.path} answers with a stream, which Sleuth cannot carry: call it by the mesh`;
      throw new GoblinError('UNIMPLEMENTED', { message });
    }
    return outputOf(call, service, await fetch(`sleuth://${service}${call.procedure.path}`, requestOf(call)));
  };
  return clientOf(contract, compose([withTelemetry('client', telemetry)], calls));
}

function requestOf(call: Call): SleuthInit {
  const values = { ...contextOf(call), baggage: undefined, tenant: undefined, actor: undefined };
  const headers = ['content-type', JSON_TYPE, VERSION_HEADER, PROTOCOL_VERSION];
  pushContext(headers, values, deadlines.clock.now());
  const pairs = headers.flatMap((name, i) =>
    i % 2 === 0 ? [[name, headers[i + 1]!] as [string, string]] : [],
  );
  return {
    method: 'POST',
    headers: pairs,
    body: encodeJson(call.input),
    timeoutMs: context.timeLeft(),
  };
}

async function outputOf({ procedure }: Call, service: string, response: Response): Promise<unknown> {
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw refusalOf(service, response.status, body);
  const checked = await check(procedure.output, parsed(body, service));
  if (!checked.problems) return checked.value;
  const [problem] = checked.problems;
  throw sleuthError(
    917,
    `${service} answered ${procedure.path} with what the contract does not allow: ${problem!.path} ${problem!.message}`,
  );
}

function parsed(body: Buffer, service: string): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw sleuthError(917, `${service} answered with what is not JSON: ${(error as Error).message}`);
  }
}
