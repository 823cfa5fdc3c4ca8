/** Settings of a process. Each part asks for its own by name and schema and gets typed values; sources.ts says
 * where they come from and which source wins. All problems of one read are reported in one error, and what was
 * asked for is remembered, so that `--help` can list it. Reading is synchronous and belongs to the start. */
import { GoblinError } from '../errors.ts';
import { type JsonSchema, jsonSchemaOf, typesOf } from '../json-schema.ts';
import type { Schema, SchemaOutput } from '../schema.ts';
import { closest } from '../suggest.ts';
import { readings } from './coerce.ts';
import { explain, wanted } from './explain.ts';
import { configError, type SettingFault, shown } from './problems.ts';
import { isSecretSchema } from './secret.ts';
import { type FoundSetting, flagOf, type SettingSources, settingSources } from './sources.ts';

/** One schema per setting, named in UPPER_CASE. */
export type SettingSchemas = Readonly<Record<string, Schema>>;
export type SettingValues<S extends SettingSchemas> = { readonly [Name in keyof S]: SchemaOutput<S[Name]> };

/** Reads settings and validates each by its schema (zod, valibot, `setting` or `secret()`).
 * @example const { ACQUIRER_URL, ACQUIRER_KEY } = app.config({ ACQUIRER_URL: z.url(), ACQUIRER_KEY: secret() });
 * @throws CONFIG_INVALID listing every setting of this read that is missing or wrong. */
export type ConfigReader = <const S extends SettingSchemas>(schemas: S) => SettingValues<S>;

/** A setting that was asked for, as help shows it. */
export interface Setting {
  /** `ACQUIRER_URL` */
  readonly name: string;
  /** `--acquirer-url`; undefined for a secret, which is never an argument. */
  readonly flag: string | undefined;
  /** What it takes, in words: `a URL`, `a whole number from 1 to 65535`, `one of dev, prod`. */
  readonly type: string;
  readonly default: unknown;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly secret: boolean;
  /** Where its value comes from now: `environment`, `.env`, `default` …; undefined when it has none. */
  readonly source: string | undefined;
}

export interface Config {
  readonly read: ConfigReader;
  /** Every setting that was asked for so far, in that order. */
  describe(): Setting[];
  /** The problems of all reads so far in one error; undefined when there are none. For reporting a start
   * that failed in several places. */
  error(): GoblinError | undefined;
  /** Says that all parts have asked for their settings. @throws CONFIG_INVALID when there are arguments that
   * none of them knows, each with the flag that was likely meant. */
  finish(): void;
}

export interface ConfigOptions {
  /** Whose settings they are; stands in errors. */
  readonly service: string;
  /** Arguments after the command. Default none. */
  readonly argv?: readonly string[];
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where `.env` files lie and what relative file names begin at. Default the working folder. */
  readonly cwd?: string;
  /** Only collect: `read` never throws, and what is missing or wrong is undefined. To print help without
   * valid settings. Default false. */
  readonly collect?: boolean;
}

const SETTING_NAME = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;

export function createConfig(options: ConfigOptions): Config {
  const { service, collect = false } = options;
  const sources = settingSources(
    options.argv ?? [],
    options.env ?? process.env,
    options.cwd ?? process.cwd(),
  );
  const settings = new Map<string, Setting>();
  const faults = new Map<string, SettingFault>();

  function readOne(name: string, schema: Schema): Outcome {
    const json = jsonSchemaOf(schema, 'input');
    const found = isSecretSchema(schema)
      ? sources.findSecret(name)
      : sources.find(name, typesOf(json).includes('boolean'));
    const fallback = validate(name, schema, undefined);
    settings.set(name, {
      name,
      flag: isSecretSchema(schema) ? undefined : `--${flagOf(name)}`,
      type: isSecretSchema(schema) ? 'a secret' : wanted(json),
      default: fallback.ok ? fallback.value : undefined,
      description: json.description,
      required: !fallback.ok,
      secret: isSecretSchema(schema),
      source: found?.from ?? (fallback.ok ? 'default' : undefined),
    });
    if (found && 'problem' in found) return { ok: false, message: found.problem, from: found.from };
    if (found) return accept(name, schema, json, found);
    return fallback.ok ? fallback : { ok: false, message: missing(name, schema, json, sources) };
  }

  function read<const S extends SettingSchemas>(schemas: S): SettingValues<S> {
    const values: Record<string, unknown> = {};
    const wrong: SettingFault[] = [];
    for (const [name, schema] of Object.entries<Schema>(schemas)) {
      checkName(name, settings);
      const outcome = readOne(name, schema);
      faults.delete(name);
      if (outcome.ok) {
        values[name] = outcome.value;
        continue;
      }
      const { message, from } = outcome;
      const fault = { setting: name, message, ...(from !== undefined && { from }) };
      wrong.push(fault);
      faults.set(name, fault);
    }
    if (wrong.length > 0 && !collect) throw configError(service, wrong);
    return values as SettingValues<S>;
  }

  return {
    read,
    describe: () => [...settings.values()],
    error: () => (faults.size === 0 ? undefined : configError(service, [...faults.values()])),
    finish() {
      const known = [...settings.values()].flatMap(({ name }) => [
        `--${flagOf(name)}`,
        `--${flagOf(name)}-file`,
      ]);
      const unknown = sources.unclaimedFlags().map((flag): SettingFault => {
        const meant = closest(flag, known);
        const hint = meant === undefined ? 'see --help' : `did you mean ${meant}?`;
        return { setting: flag, message: `is not an option of ${service} (${hint})` };
      });
      if (unknown.length > 0) throw configError(service, [...faults.values(), ...unknown]);
    },
  };
}

type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly from?: string };

function accept(name: string, schema: Schema, json: JsonSchema, found: FoundSetting): Outcome {
  let refusal: Outcome | undefined;
  for (const reading of readings(found.texts, json)) {
    const outcome = validate(name, schema, reading);
    if (outcome.ok) return outcome;
    refusal ??= outcome;
  }
  const { message } = refusal as { message: string };
  if (isSecretSchema(schema)) return { ok: false, message, from: found.from };
  const text = found.texts.join(',');
  const reason = explain(text, json) ?? `is refused: ${message}`;
  return { ok: false, message: `${shown(name, text)} ${reason}`, from: found.from };
}

function validate(name: string, schema: Schema, value: unknown): Outcome {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    throw new GoblinError('INVALID_INPUT', {
      message: `the schema of the setting ${name} answers later: a setting needs a synchronous one`,
    });
  }
  if (!result.issues) return { ok: true, value: result.value };
  return { ok: false, message: result.issues.map((issue) => issue.message).join('; ') };
}

function missing(name: string, schema: Schema, json: JsonSchema, sources: SettingSources): string {
  if (isSecretSchema(schema)) {
    const file = `${name}_FILE`;
    return `is missing: put it in a file and set ${file}, or mount ${sources.secretPath(name)}`;
  }
  const flag = `--${flagOf(name)}`;
  const misspelt =
    closest(flag, sources.unclaimedFlags()) ?? closest(name, new Set(sources.names().filter(isMistypable)));
  const hint = misspelt === undefined ? '' : ` (${misspelt} is given: did you mean it?)`;
  return `is missing: set it to ${wanted(json)}, or give ${flag}${hint}`;
}

/** Short names are near to everything. */
function isMistypable(name: string): boolean {
  return name.length > 5;
}

function checkName(name: string, settings: ReadonlyMap<string, Setting>): void {
  if (!SETTING_NAME.test(name)) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${JSON.stringify(name)} is not a setting name: write UPPER_CASE, such as ACQUIRER_URL`,
    });
  }
  const other = [...settings.keys()].find((known) => known !== name && flagOf(known) === flagOf(name));
  if (other !== undefined) {
    throw new GoblinError('INVALID_INPUT', {
      message: `${name} and ${other} would both be --${flagOf(name)}: rename one`,
    });
  }
}
