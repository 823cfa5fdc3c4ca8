/** A contract names the procedures of a service and their schemas. It is a plain value that both sides
 * import; the server's and the client's types are inferred from it alone. */
import { type Duration, milliseconds } from './duration.ts';
import { GoblinError } from './errors.ts';
import type { Schema, SchemaInput, SchemaOutput } from './schema.ts';

/** What the author writes for one procedure. */
export interface ProcedureSpec {
  readonly input: Schema;
  readonly output: Schema;
  /** Calling it twice does no more than calling it once, so a failed call may be retried. Default false. */
  readonly idempotent?: boolean;
  /** It only reads, so it may also be called by HTTP GET. Implies idempotent. Default false. */
  readonly get?: boolean;
  /** The answer is a stream: the handler is an async generator and `output` describes one item. Default false. */
  readonly stream?: boolean;
  /** How long a caller waits who names no deadline. Default 5 s; none for streams. */
  readonly deadline?: Duration;
  /** The codes of its own that it may fail with, besides the platform's. */
  readonly errors?: readonly string[];
  /** One sentence for people, shown in OpenAPI and by `goblin routes`. */
  readonly summary?: string;
}

/** A procedure as the platform uses it, defaults filled in. */
export interface Procedure {
  /** `tax.v1` */
  readonly contract: string;
  /** `quote` */
  readonly name: string;
  /** `/tax.v1/quote` */
  readonly path: string;
  readonly input: Schema;
  readonly output: Schema;
  readonly idempotent: boolean;
  readonly get: boolean;
  readonly stream: boolean;
  /** Milliseconds; Infinity for streams that set none. */
  readonly deadlineMs: number;
  readonly errors: readonly string[];
  readonly summary: string | undefined;
}

export interface Contract<Specs extends Record<string, ProcedureSpec> = Record<string, ProcedureSpec>> {
  /** `tax.v1` */
  readonly name: string;
  /** `tax` */
  readonly service: string;
  /** `v1` */
  readonly version: string;
  readonly procedures: { readonly [Name in keyof Specs & string]: Procedure };
  /** Only for types; undefined at run time. */
  readonly '~specs'?: Specs;
}

/** How one call differs from the procedure's defaults. */
export interface CallOptions {
  /** At most this long; the caller's own deadline still holds when it is sooner. */
  readonly deadline?: Duration;
  readonly signal?: AbortSignal;
}

/** What a caller holds: one function per procedure. */
export type Client<C> =
  C extends Contract<infer Specs>
    ? {
        readonly [Name in keyof Specs]: (
          input: SchemaInput<Specs[Name]['input']>,
          options?: CallOptions,
        ) => ClientAnswer<Specs[Name]>;
      }
    : never;

type ClientAnswer<Spec extends ProcedureSpec> = Spec extends { stream: true }
  ? AsyncIterable<SchemaOutput<Spec['output']>>
  : Promise<SchemaOutput<Spec['output']>>;

/** What a service author writes: one function per procedure. */
export type Handlers<C> =
  C extends Contract<infer Specs>
    ? {
        readonly [Name in keyof Specs]: (
          input: SchemaOutput<Specs[Name]['input']>,
        ) => HandlerAnswer<Specs[Name]>;
      }
    : never;

type HandlerAnswer<Spec extends ProcedureSpec> = Spec extends { stream: true }
  ? AsyncIterable<SchemaInput<Spec['output']>>
  : SchemaInput<Spec['output']> | Promise<SchemaInput<Spec['output']>>;

const DEFAULT_DEADLINE_MS = 5_000;
const CONTRACT_NAME = /^([a-z][a-z0-9-]*)\.(v\d+)$/;
/** `then` would make a promise of every client. */
const PROCEDURE_NAME = /^(?!then$)[a-z][A-Za-z0-9]*$/;
const ERROR_CODE = /^[A-Z][A-Z0-9_]*$/;

/** Makes a contract. The name is `<service>.v<n>`; `n` changes when callers would break.
 * @example const tax = contract('tax.v1', { quote: { input, output, idempotent: true, deadline: '300ms' } });
 * @throws INVALID_INPUT when a name, a code or a deadline is not of the form. */
export function contract<const Specs extends Record<string, ProcedureSpec>>(
  name: string,
  specs: Specs,
): Contract<Specs> {
  const match = CONTRACT_NAME.exec(name);
  if (!match) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(name)} is not a contract name: write <service>.v<number>, such as tax.v1`,
    });
  }
  // Without a prototype, so that no path finds `constructor` among the procedures.
  const procedures: Record<string, Procedure> = Object.create(null);
  for (const [procedureName, spec] of Object.entries(specs))
    procedures[procedureName] = procedure(name, procedureName, spec);
  return {
    name,
    service: match[1]!,
    version: match[2]!,
    procedures: procedures as Contract<Specs>['procedures'],
  };
}

function procedure(contractName: string, name: string, spec: ProcedureSpec): Procedure {
  if (!PROCEDURE_NAME.test(name)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(name)} in ${contractName} is not a procedure name: write camelCase letters and digits`,
    });
  }
  const wrongCode = spec.errors?.find((code) => !ERROR_CODE.test(code));
  if (wrongCode !== undefined) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(wrongCode)} of ${contractName}/${name} is not an error code: write UPPER_CASE`,
    });
  }
  if (spec.get && spec.stream) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${contractName}/${name} cannot be a stream and be called by GET: the protocol has no such call`,
    });
  }
  const stream = spec.stream ?? false;
  const fallbackMs = stream ? Number.POSITIVE_INFINITY : DEFAULT_DEADLINE_MS;
  return {
    contract: contractName,
    name,
    path: `/${contractName}/${name}`,
    input: spec.input,
    output: spec.output,
    idempotent: (spec.idempotent ?? false) || (spec.get ?? false),
    get: spec.get ?? false,
    stream,
    deadlineMs: spec.deadline === undefined ? fallbackMs : milliseconds(spec.deadline),
    errors: spec.errors ?? [],
    summary: spec.summary,
  };
}
