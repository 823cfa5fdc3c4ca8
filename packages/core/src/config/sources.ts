/** Where settings come from. The first of these that names a setting wins:
 *
 *   1. arguments             --acquirer-url=https://…   or   --acquirer-url https://…
 *   2. environment           ACQUIRER_URL               (an empty variable counts as not set)
 *   3. files                 the one that ACQUIRER_URL_FILE names, else /run/secrets/acquirer_url
 *                            (GOBLIN_SECRETS names another folder)
 *   4. .env.local, .env      in the working folder, unless NODE_ENV is production
 *   5. the default of its schema
 *
 * A secret is taken from 3 only; found in 1, 2 or 4 it is refused, because it has been seen there already. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { GoblinError } from '../errors.ts';
import { type ArgumentProblem, argumentList } from './arguments.ts';

const SECRETS_FOLDER = '/run/secrets';
/** A setting is a word, a key or a certificate; what is larger is a mistake. */
const MAX_FILE_BYTES = 256 * 1024;
const PLATFORM_PREFIX = 'GOBLIN_';

/** Texts found for a setting, and where. More than one only where an argument was repeated. */
export interface FoundSetting {
  readonly texts: readonly string[];
  /** As it stands in messages: `environment`, `argument --port`, `/run/secrets/key`. */
  readonly from: string;
}

/** Something names the setting but cannot be used. */
export interface SettingProblem extends ArgumentProblem {
  readonly from: string;
}

export interface SettingSources {
  find(name: string, isSwitch: boolean): FoundSetting | SettingProblem | undefined;
  /** For a secret: reads files only and refuses what stands elsewhere. */
  findSecret(name: string): FoundSetting | SettingProblem | undefined;
  /** Where a file of this setting would be found without being named. */
  secretPath(name: string): string;
  /** What a person may have mistyped: arguments that nothing took. */
  unclaimedFlags(): string[];
  /** Names set in the environment or in `.env` files. */
  names(): string[];
}

/** `ACQUIRER_URL` → `acquirer-url`. The platform's own settings drop their prefix: `GOBLIN_PORT` → `port`. */
export function flagOf(name: string): string {
  const bare = name.startsWith(PLATFORM_PREFIX) ? name.slice(PLATFORM_PREFIX.length) : name;
  return bare.toLowerCase().replaceAll('_', '-');
}

type Environment = Readonly<Record<string, string | undefined>>;

export function settingSources(argv: readonly string[], env: Environment, cwd: string): SettingSources {
  const args = argumentList(argv);
  const dotEnv =
    env.NODE_ENV === 'production' ? [] : ['.env.local', '.env'].map((file) => readEnv(cwd, file));
  const secretsFolder = resolve(cwd, env.GOBLIN_SECRETS || SECRETS_FOLDER);

  function fromArguments(name: string, isSwitch: boolean): FoundSetting | SettingProblem | undefined {
    const from = `argument --${flagOf(name)}`;
    const found = args.take(flagOf(name), isSwitch);
    if (!found) return undefined;
    return 'problem' in found ? { ...found, from } : { texts: found, from };
  }

  function fromEnvironment(name: string): FoundSetting | undefined {
    const text = env[name];
    return text ? { texts: [text], from: 'environment' } : undefined;
  }

  function fromDotEnv(name: string): FoundSetting | undefined {
    const file = dotEnv.find(({ values }) => values[name]);
    return file && { texts: [file.values[name]!], from: file.name };
  }

  function secretPath(name: string): string {
    return join(secretsFolder, name.toLowerCase());
  }

  function fromFiles(name: string): FoundSetting | SettingProblem | undefined {
    const pointer = `${name}_FILE`;
    const named = fromArguments(pointer, false) ?? fromEnvironment(pointer) ?? fromDotEnv(pointer);
    if (named && 'problem' in named) return named;
    const path = named?.texts.at(-1);
    if (path === undefined) return readSetting(secretPath(name));
    return (
      readSetting(resolve(cwd, path)) ?? {
        problem: `is missing: ${pointer} names ${path}, and there is no such file`,
        from: named!.from,
      }
    );
  }

  return {
    find: (name, isSwitch) =>
      fromArguments(name, isSwitch) ?? fromEnvironment(name) ?? fromFiles(name) ?? fromDotEnv(name),
    findSecret(name) {
      const seen = fromArguments(name, false) ?? fromEnvironment(name) ?? fromDotEnv(name);
      return seen
        ? { problem: `is a secret: put it in a file and set ${name}_FILE`, from: seen.from }
        : fromFiles(name);
    },
    secretPath,
    unclaimedFlags: () => args.unclaimed(),
    names: () => [env, ...dotEnv.map((file) => file.values)].flatMap((values) => Object.keys(values)),
  };
}

function readEnv(cwd: string, name: string): { name: string; values: Environment } {
  const path = join(cwd, name);
  try {
    return { name, values: parseEnv(readFileSync(path, 'utf8')) };
  } catch (error) {
    if (isAbsent(error)) return { name, values: {} };
    throw new GoblinError('CONFIG_INVALID', {
      message: `${path} cannot be read: ${(error as Error).message}`,
      cause: error,
    });
  }
}

/** The text of a file without its last line break; undefined when there is no such file. */
function readSetting(path: string): FoundSetting | SettingProblem | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_FILE_BYTES)
      return {
        problem: `is in a file of more than ${MAX_FILE_BYTES / 1024} kb, which is no setting`,
        from: path,
      };
    return { texts: [bytes.toString('utf8').replace(/\r?\n$/, '')], from: path };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    return { problem: `is in a file that cannot be read: ${(error as Error).message}`, from: path };
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
