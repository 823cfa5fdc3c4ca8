/** `goblin call tax quote '{"country":"FR", …}'` */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type CallOptions,
  type Contract,
  context as callContext,
  clientOf,
  closest,
  type Duration,
  GoblinError,
  type Procedure,
} from '@goblin/core';
import { type CommandContext, type Io, UsageError } from '../command.ts';
import { contractNamed } from '../services/definition.ts';
import { joinAsClient } from '../services/mesh-client.ts';

/** For an instance to be found. */
const FIND_TIMEOUT_MS = 3_000;

export async function run(context: CommandContext): Promise<void> {
  const [service, procedure, input] = context.positionals;
  if (service === undefined || procedure === undefined) {
    throw new UsageError('name a service and a procedure: goblin call tax quote <json>');
  }
  const project = await context.project();
  const contract = await contractNamed(project, service);
  const { name, stream } = procedureNamed(contract, procedure);
  const value = await inputOf(input, context.io);
  await using mesh = await joinAsClient(project, context.io.env);
  await mesh.directory.waitFor([contract.name], { timeoutMs: FIND_TIMEOUT_MS }).catch((cause) => {
    throw new GoblinError('NO_PEER', {
      message: `no running instance answers ${contract.name}: start it by goblin up, or look at goblin ls`,
      cause,
    });
  });
  const call = clientOf(contract, mesh.calls)[name] as (input: unknown, options: CallOptions) => unknown;
  const deadline = context.text('deadline') as Duration | undefined;
  const options = deadline === undefined ? {} : { deadline };
  await callContext.run({ tenant: context.text('tenant') }, async () => {
    const answer = call(value, options);
    if (!stream) return context.printJson(await answer);
    for await (const item of answer as AsyncIterable<unknown>) context.print(JSON.stringify(item));
  });
}

function procedureNamed(contract: Contract, name: string): Procedure {
  if (Object.hasOwn(contract.procedures, name)) return contract.procedures[name]!;
  const known = Object.keys(contract.procedures);
  const meant = closest(name, known);
  throw new GoblinError('NOT_FOUND', {
    message: `${contract.name} has no procedure ${JSON.stringify(name)}: ${meant ? `did you mean ${meant}?` : `it has ${known.join(', ')}`}`,
  });
}

/** JSON, `@file` or `-`; nothing stands for no input. */
async function inputOf(given: string | undefined, io: Io): Promise<unknown> {
  if (given === undefined) return undefined;
  const text =
    given === '-'
      ? await readAll(io.stdin)
      : given.startsWith('@')
        ? await readFile(resolve(io.cwd, given.slice(1)), 'utf8')
        : given;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new GoblinError('INVALID_INPUT', {
      message: `the input is not JSON: ${(cause as Error).message} (write '{"name":"value"}' between single quotes)`,
      cause,
    });
  }
}

async function readAll(input: Io['stdin']): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of input) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
