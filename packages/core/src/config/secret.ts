/** A value that must not be seen. Secrets are files, never arguments or environment variables, because those are
 * shown by `ps`, inherited by child processes and dumped by crash reporters. Once read, a secret is held by
 * a Secret, which prints as `[secret]` wherever it ends up; only `reveal()` gives the text away, so a search
 * for that word finds each place that handles one. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';
import type { Schema } from '../schema.ts';

const SHOWN = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The text itself. */
  reveal(): string {
    return this.#value;
  }

  /** Whether it is the same text, in a time that does not depend on where the two differ. */
  equals(other: Secret | string): boolean {
    const theirs = typeof other === 'string' ? other : other.#value;
    return timingSafeEqual(digest(this.#value), digest(theirs));
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }
}

// Not a method, because the emitted types cannot name its symbol.
Object.defineProperty(Secret.prototype, inspect.custom, { value: () => SHOWN });

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export interface SecretOptions {
  /** One sentence, shown by `--help`. */
  readonly description?: string;
  /** The service also runs without it. Default false. */
  readonly optional?: boolean;
}

/** The schema of a setting that is a secret. */
export interface SecretSchema<Output extends Secret | undefined = Secret | undefined>
  extends Schema<string | undefined, Output> {
  readonly secret: true;
}

/** Declares a setting that is read from a file only: the one that NAME_FILE names, or `/run/secrets/<name>`.
 * @example app.config({ ACQUIRER_URL: z.url(), ACQUIRER_KEY: secret() }) */
export function secret(
  options: SecretOptions & { readonly optional: true },
): SecretSchema<Secret | undefined>;
export function secret(options?: SecretOptions): SecretSchema<Secret>;
export function secret(options: SecretOptions = {}): SecretSchema {
  const json = { type: 'string', ...(options.description && { description: options.description }) };
  const standard = {
    version: 1 as const,
    vendor: 'goblin',
    validate(value: unknown) {
      if (typeof value === 'string' && value !== '') return { value: new Secret(value) };
      if (value === undefined && options.optional) return { value: undefined };
      return { issues: [{ message: value === undefined ? 'is missing' : 'is empty' }] };
    },
    jsonSchema: { input: () => json, output: () => json },
  };
  return { secret: true, '~standard': standard };
}

export function isSecretSchema(schema: Schema): schema is SecretSchema {
  return (schema as Partial<SecretSchema>).secret === true;
}
