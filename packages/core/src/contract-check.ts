/** Whether a contract still keeps what was published. What is published lies beside the contract as JSON
 * (`contracts/tax.v1.json`), under version control; a check compares it with the contract as it is now and
 * names each change. What breaks callers needs a new version: `tax.v2` beside `tax.v1`. */
import type { Contract, Procedure } from './contract.ts';
import { GoblinError } from './errors.ts';
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts';
import { type SchemaChange, type Side, schemaChanges } from './schema-changes.ts';

/** A contract as plain JSON. */
export interface PublishedContract {
  /** `tax.v1` */
  readonly name: string;
  readonly procedures: Readonly<Record<string, PublishedProcedure>>;
}

export interface PublishedProcedure {
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  readonly idempotent: boolean;
  readonly get: boolean;
  readonly stream: boolean;
  /** Milliseconds; null for none. */
  readonly deadlineMs: number | null;
  readonly errors: readonly string[];
}

export interface Change {
  readonly breaking: boolean;
  /** `tax.v1/quote input`, or the procedure as a whole. */
  readonly where: string;
  /** ``field `region` is now required`` */
  readonly message: string;
}

/** What `goblin contract publish` keeps. */
export function describeContract(contract: Contract): PublishedContract {
  const procedures = Object.values<Procedure>(contract.procedures).map((procedure) => {
    const { name, idempotent, get, stream, deadlineMs, errors } = procedure;
    const published: PublishedProcedure = {
      input: jsonSchemaOf(procedure.input, 'input'),
      output: jsonSchemaOf(procedure.output, 'output'),
      idempotent,
      get,
      stream,
      deadlineMs: deadlineMs === Number.POSITIVE_INFINITY ? null : deadlineMs,
      errors: [...errors].sort(),
    };
    return [name, published] as const;
  });
  return { name: contract.name, procedures: Object.fromEntries(procedures) };
}

/** Every change since it was published, those that break callers first.
 * @throws INVALID_INPUT when the two are not the same contract in the same version. */
export function contractChanges(published: PublishedContract, current: PublishedContract): Change[] {
  if (published.name !== current.name) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${current.name} cannot be compared with ${published.name}: a new version starts anew`,
    });
  }
  const names = new Set([...Object.keys(published.procedures), ...Object.keys(current.procedures)]);
  const changes = [...names].flatMap((name) => {
    const where = `${current.name}/${name}`;
    const before = published.procedures[name];
    const after = current.procedures[name];
    if (!before) return [{ breaking: false, where, message: 'the procedure is new' }];
    if (!after) return [{ breaking: true, where, message: 'the procedure is removed' }];
    return [
      ...traitChanges(before, after).map((change) => ({ ...change, where })),
      ...sideChanges('input', where, before, after),
      ...sideChanges('output', where, before, after),
    ];
  });
  return changes.sort((a, b) => Number(b.breaking) - Number(a.breaking));
}

/** `tax.v1/quote input: field `region` is now required` */
export function changeLine(change: Change): string {
  return `${change.where}: ${change.message}`;
}

function sideChanges(
  side: Side,
  where: string,
  before: PublishedProcedure,
  after: PublishedProcedure,
): Change[] {
  return schemaChanges(side, before[side], after[side]).map((change) => ({
    ...change,
    where: `${where} ${side}`,
  }));
}

function traitChanges(before: PublishedProcedure, after: PublishedProcedure): SchemaChange[] {
  const changes: SchemaChange[] = [];
  const note = (breaking: boolean, message: string): void => void changes.push({ breaking, message });
  if (before.stream !== after.stream) note(true, `was ${kindOf(before)} and is now ${kindOf(after)}`);
  if (before.idempotent && !after.idempotent) note(true, 'is no longer idempotent, and callers repeat it');
  if (!before.idempotent && after.idempotent) note(false, 'is now idempotent');
  if (before.get && !after.get) note(true, 'no longer answers GET');
  if (!before.get && after.get) note(false, 'now answers GET');
  if (before.deadlineMs !== after.deadlineMs)
    note(false, `has another deadline: ${timeOf(before)} before, ${timeOf(after)} now`);
  for (const code of after.errors)
    if (!before.errors.includes(code))
      note(false, `may now fail with ${code}, which callers do not know yet`);
  for (const code of before.errors)
    if (!after.errors.includes(code)) note(false, `no longer fails with ${code}`);
  return changes;
}

function kindOf(procedure: PublishedProcedure): string {
  return procedure.stream ? 'a stream' : 'unary';
}

function timeOf({ deadlineMs }: PublishedProcedure): string {
  return deadlineMs === null ? 'none' : `${deadlineMs} ms`;
}
