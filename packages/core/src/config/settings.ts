/** Small schemas for settings, exported as `setting`, so that the platform's own parts, and services without a
 * schema library, can declare theirs. A setting is required unless it has a default or is optional.
 * @example app.config({ GOBLIN_PORT: setting.integer({ min: 0, max: 65_535, default: 0 }) }) */
import { bytes, type Duration, milliseconds, type Size } from '../duration.ts';
import type { JsonSchema } from '../json-schema.ts';
import type { Schema } from '../schema.ts';

export interface SettingOptions<T> {
  /** What it is when nobody sets it. */
  readonly default?: T;
  /** It may be absent: then it is undefined. Default false. */
  readonly optional?: boolean;
  /** One sentence, shown by `--help`. */
  readonly description?: string;
}

export type SettingSchema<T, Options> = Schema<
  unknown,
  Options extends { readonly optional: true } ? T | undefined : T
>;

/** Any text but the empty one. */
export function text<const O extends SettingOptions<string>>(options?: O): SettingSchema<string, O> {
  return schemaOf({ type: 'string', minLength: 1 }, (value) => (value === '' ? undefined : value), options);
}

/** An absolute URL, kept as text. */
export function url<const O extends SettingOptions<string>>(options?: O): SettingSchema<string, O> {
  const json = { type: 'string', format: 'uri' };
  return schemaOf(json, (value) => (URL.canParse(String(value)) ? String(value) : undefined), options);
}

export interface IntegerOptions extends SettingOptions<number> {
  readonly min?: number;
  readonly max?: number;
}

/** A whole number within its bounds, both included. */
export function integer<const O extends IntegerOptions>(options?: O): SettingSchema<number, O> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options ?? {};
  const accept = (value: unknown): unknown =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max ? value : undefined;
  return schemaOf({ type: 'integer', minimum: min, maximum: max }, accept, options);
}

/** True or false; on the command line `--flag` and `--no-flag`. */
export function flag<const O extends SettingOptions<boolean>>(options?: O): SettingSchema<boolean, O> {
  return schemaOf({ type: 'boolean' }, (value) => (typeof value === 'boolean' ? value : undefined), options);
}

/** One of some words. */
export function choice<const Word extends string, const O extends SettingOptions<Word>>(
  words: readonly Word[],
  options?: O,
): SettingSchema<Word, O> {
  const accept = (value: unknown): unknown => (words.includes(value as Word) ? value : undefined);
  return schemaOf({ type: 'string', enum: words }, accept, options);
}

/** A duration such as `250ms` or `5s`; its value is in milliseconds. */
export function duration<const O extends SettingOptions<Duration>>(options?: O): SettingSchema<number, O> {
  return schemaOf(
    { type: 'string', format: 'goblin-duration' },
    (value) => attempt(milliseconds, value),
    options,
  );
}

/** A size such as `64kb` or `1mb`; its value is in bytes. */
export function size<const O extends SettingOptions<Size>>(options?: O): SettingSchema<number, O> {
  return schemaOf({ type: 'string', format: 'goblin-size' }, (value) => attempt(bytes, value), options);
}

/** Words between commas, a JSON array or a repeated argument. */
export function list<const O extends SettingOptions<readonly string[]>>(
  options?: O,
): SettingSchema<readonly string[], O> {
  const accept = (value: unknown): unknown =>
    Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  return schemaOf({ type: 'array', items: { type: 'string' } }, accept, options);
}

/** @param accept the setting's value, or undefined when it is not of the kind. */
function schemaOf<T, O>(
  json: JsonSchema,
  accept: (value: unknown) => unknown,
  options: SettingOptions<unknown> = {},
): SettingSchema<T, O> {
  const described = { ...json, ...(options.description && { description: options.description }) };
  const standard = {
    version: 1 as const,
    vendor: 'goblin',
    validate(given: unknown) {
      const value = given === undefined ? options.default : given;
      if (value === undefined && options.optional) return { value: undefined as never };
      const accepted = value === undefined ? undefined : accept(value);
      return accepted === undefined
        ? { issues: [{ message: value === undefined ? 'is missing' : 'is not of the form' }] }
        : { value: accepted as never };
    },
    jsonSchema: { input: () => described, output: () => described },
  };
  return { '~standard': standard };
}

function attempt(read: (text: string) => number, value: unknown): number | undefined {
  try {
    return read(value as string);
  } catch {
    return undefined;
  }
}
