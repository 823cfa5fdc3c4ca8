import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { GoblinError } from '../errors.ts';
import { type Config, type ConfigOptions, createConfig } from './config.ts';
import { secret } from './secret.ts';
import * as setting from './settings.ts';

/** A folder with files for the sources to read. */
function folder(files: Record<string, string> = {}): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'goblin-config-'));
  mkdirSync(join(path, 'secrets'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** No file of this machine gets in the way. */
function configOf(options: Partial<ConfigOptions> = {}): Config {
  const cwd = options.cwd ?? '/nowhere';
  return createConfig({
    service: 'payments',
    ...options,
    cwd,
    env: { GOBLIN_SECRETS: join(cwd, 'secrets'), ...options.env },
  });
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof GoblinError && error.code === 'CONFIG_INVALID', String(error));
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

test('arguments win over the environment, that over files, those over .env.local, .env and the default', () => {
  using files = folder({
    '.env.local': 'PLACE=local',
    '.env': 'PLACE=env',
    named: 'named\n',
    'secrets/place': 'mounted',
  });
  const all = {
    cwd: files.path,
    argv: ['--place=argument'],
    env: { PLACE: 'environment', PLACE_FILE: 'named' },
  };
  const read = (options: Partial<ConfigOptions>) => {
    const config = configOf(options);
    const { PLACE } = config.read({ PLACE: z.string().default('fallback') });
    return [PLACE, config.describe()[0]!.source];
  };
  assert.deepEqual(read(all), ['argument', 'argument --place']);
  assert.deepEqual(read({ ...all, argv: [] }), ['environment', 'environment']);
  assert.deepEqual(read({ cwd: files.path, env: { PLACE_FILE: 'named' } }), [
    'named',
    join(files.path, 'named'),
  ]);
  assert.deepEqual(read({ cwd: files.path }), ['mounted', join(files.path, 'secrets/place')]);
  rmSync(join(files.path, 'secrets/place'));
  assert.deepEqual(read({ cwd: files.path }), ['local', '.env.local']);
  rmSync(join(files.path, '.env.local'));
  assert.deepEqual(read({ cwd: files.path }), ['env', '.env']);
  assert.deepEqual(read({ cwd: files.path, env: { NODE_ENV: 'production' } }), ['fallback', 'default']);
});

test('an empty variable counts as not set', () => {
  assert.equal(configOf({ env: { PLACE: '' } }).read({ PLACE: z.string().default('here') }).PLACE, 'here');
});

test('text becomes what the schema means: numbers, booleans, lists, objects', () => {
  const env = {
    PORT: '8080',
    RATIO: ' 0.5 ',
    DEBUG: 'no',
    SEEDS: 'a:1, b:2',
    PORTS: '[1,2]',
    LIMITS: '{"perSecond":5}',
    CODE: '007',
    EITHER: 'auto',
    NOTHING: 'null',
  };
  const values = configOf({ env }).read({
    PORT: z.int(),
    RATIO: z.number(),
    DEBUG: z.boolean(),
    SEEDS: z.array(z.string()),
    PORTS: z.array(z.int()).default([]),
    LIMITS: z.object({ perSecond: z.number() }),
    CODE: z.union([z.number(), z.string()]),
    EITHER: z.union([z.number(), z.literal('auto')]),
    NOTHING: z.number().nullable(),
  });
  assert.deepEqual(values, {
    PORT: 8080,
    RATIO: 0.5,
    DEBUG: false,
    SEEDS: ['a:1', 'b:2'],
    PORTS: [1, 2],
    LIMITS: { perSecond: 5 },
    CODE: '007',
    EITHER: 'auto',
    NOTHING: null,
  });
});

test('a schema that transforms gets the text and gives what it makes of it', () => {
  const { ORIGIN } = configOf({ env: { ORIGIN: 'https://example.com/a' } }).read({
    ORIGIN: z.url().transform((text) => new URL(text)),
  });
  assert.equal(ORIGIN.hostname, 'example.com');
});

test('arguments are written with = or with a space, switches alone, lists by repeating', () => {
  const argv = [
    '--url',
    'https://a.example',
    '--verbose',
    '--no-cache',
    '--seed=a',
    '--seed',
    'b',
    '--',
    '--after',
  ];
  const config = configOf({ argv });
  const values = config.read({
    URL: z.url(),
    VERBOSE: z.boolean().default(false),
    CACHE: z.boolean().default(true),
    SEED: z.array(z.string()),
  });
  assert.deepEqual(values, { URL: 'https://a.example', VERBOSE: true, CACHE: false, SEED: ['a', 'b'] });
  config.finish();
});

test('a setting of the platform has a flag without its prefix', () => {
  const config = configOf({ argv: ['--port', '-1'] });
  assert.match(
    messageOf(() => config.read({ GOBLIN_PORT: setting.integer({ min: 0, max: 65_535 }) })),
    /GOBLIN_PORT {3}"-1" is less than 0 {5}from argument --port$/,
  );
});

test('all problems of one read are reported at once, each with what would be right and where the value came from', () => {
  const config = configOf({
    argv: ['--retries', '--level=wran'],
    env: {
      ACQUIRER_URL: 'acquirer.example',
      PORT: '80a',
      RATIO: '3',
      DB: 'postgres://u:hunter2@db/x',
      API_TOKEN: 'abc',
    },
  });
  const message = messageOf(() =>
    config.read({
      ACQUIRER_URL: z.url(),
      ACQUIRER_KEY: secret(),
      PORT: z.int().min(1).max(65_535),
      RATIO: z.number().max(1),
      RETRIES: z.int(),
      LEVEL: z.enum(['info', 'warn']),
      DB: z.url({ protocol: /^https$/ }),
      API_TOKEN: z.string().min(8),
      MISSING: z.email(),
    }),
  );
  assert.equal(
    message,
    [
      'payments cannot start: 9 settings are wrong',
      '  ACQUIRER_URL   "acquirer.example" is not a URL (try https://acquirer.example)     from environment',
      '  ACQUIRER_KEY   is missing: put it in a file and set ACQUIRER_KEY_FILE, or mount /nowhere/secrets/acquirer_key',
      '  PORT           "80a" is not a whole number from 1 to 65535     from environment',
      '  RATIO          "3" is more than 1     from environment',
      '  RETRIES        needs a value: write --retries=<value>     from argument --retries',
      '  LEVEL          "wran" is not one of info, warn (did you mean warn?)     from argument --level',
      '  DB             "postgres://[secret]@db/x" is refused: Invalid URL     from environment',
      '  API_TOKEN      its value (not shown) is shorter than 8 characters     from environment',
      '  MISSING        is missing: set it to an e-mail address, or give --missing',
    ].join('\n'),
  );
});

test('the error of several reads lists the problems of all of them', () => {
  const config = configOf({ env: { PORT: 'x' } });
  assert.equal(config.error(), undefined);
  messageOf(() => config.read({ PORT: z.int() }));
  messageOf(() => config.read({ KEY: secret() }));
  assert.match(config.error()!.message, /2 settings are wrong\n {2}PORT .*\n {2}KEY /);
});

test('a secret is read from the file that NAME_FILE names or from the mounted one, without its last line break', () => {
  using files = folder({ key: 'hunter2\n', 'secrets/other_key': 'correct horse\r\n' });
  const config = configOf({ cwd: files.path, env: { KEY_FILE: 'key' } });
  const { KEY, OTHER_KEY, NONE } = config.read({
    KEY: secret(),
    OTHER_KEY: secret(),
    NONE: secret({ optional: true }),
  });
  assert.equal(KEY.reveal(), 'hunter2');
  assert.equal(OTHER_KEY.reveal(), 'correct horse');
  assert.equal(NONE, undefined);
});

test('a secret in an argument, in the environment or in .env is refused, and its value not shown', () => {
  using files = folder({ '.env': 'KEY=hunter2', 'secrets/key': 'hunter2' });
  const refused = (options: Partial<ConfigOptions>) =>
    messageOf(() => configOf({ cwd: files.path, ...options }).read({ KEY: secret() }));
  for (const [message, from] of [
    [refused({ argv: ['--key=hunter2'] }), 'argument --key'],
    [refused({ env: { KEY: 'hunter2' } }), 'environment'],
    [refused({}), '.env'],
  ]) {
    assert.match(message!, /KEY {3}is a secret: put it in a file and set KEY_FILE/);
    assert.ok(message!.endsWith(`from ${from}`), message);
    assert.doesNotMatch(message!, /hunter2/);
  }
});

test('a file that is named but absent, unreadable or empty is a problem that names it', () => {
  using files = folder({ empty: '\n' });
  const message = messageOf(() =>
    configOf({ cwd: files.path, env: { A_FILE: 'absent', B_FILE: 'secrets', C_FILE: 'empty' } }).read({
      A: secret(),
      B: secret(),
      C: secret(),
    }),
  );
  assert.match(
    message,
    /A {3}is missing: A_FILE names absent, and there is no such file {5}from environment/,
  );
  assert.match(message, /B {3}is in a file that cannot be read: EISDIR.* from .*secrets\n/);
  assert.match(message, /C {3}is empty {5}from .*empty$/);
});

test('an argument that no setting has is reported with the one that was likely meant', () => {
  const config = configOf({ argv: ['--acquirer-ulr=https://a.example', '--zzz', '1'] });
  assert.match(
    messageOf(() => config.read({ ACQUIRER_URL: z.url() })),
    /is missing: set it to a URL, or give --acquirer-url \(--acquirer-ulr is given: did you mean it\?\)/,
  );
  const optional = configOf({ argv: ['--acquirer-ulr=https://a.example', '--zzz', '1'] });
  optional.read({ ACQUIRER_URL: z.url().optional() });
  const message = messageOf(() => optional.finish());
  assert.match(message, /--acquirer-ulr {3}is not an option of payments \(did you mean --acquirer-url\?\)/);
  assert.match(message, /--zzz {12}is not an option of payments \(see --help\)/);
});

test('a variable with a mistyped name is pointed out', () => {
  assert.match(
    messageOf(() => configOf({ env: { AQUIRER_URL: 'x' } }).read({ ACQUIRER_URL: z.url() })),
    /\(AQUIRER_URL is given: did you mean it\?\)$/,
  );
});

test('collecting registers settings without complaint, for help', () => {
  using files = folder();
  const config = configOf({ collect: true, cwd: files.path, env: { PORT: '1' } });
  const values = config.read({
    PORT: z.int().min(1).max(9).default(3).describe('where to listen'),
    MODE: setting.choice(['fast', 'safe']),
    KEY: secret({ description: 'of the acquirer' }),
  });
  assert.deepEqual(values, { PORT: 1 });
  assert.deepEqual(config.describe(), [
    {
      name: 'PORT',
      flag: '--port',
      type: 'a whole number from 1 to 9',
      default: 3,
      description: 'where to listen',
      required: false,
      secret: false,
      source: 'environment',
    },
    {
      name: 'MODE',
      flag: '--mode',
      type: 'one of fast, safe',
      default: undefined,
      description: undefined,
      required: true,
      secret: false,
      source: undefined,
    },
    {
      name: 'KEY',
      flag: undefined,
      type: 'a secret',
      default: undefined,
      description: 'of the acquirer',
      required: true,
      secret: true,
      source: undefined,
    },
  ]);
});

test('names that are no setting names, flags that two settings would share and late schemas are refused', () => {
  const read = (schemas: Parameters<Config['read']>[0]) => () =>
    configOf({ env: { LATE: 'x' } }).read(schemas);
  assert.throws(read({ acquirerUrl: z.url() }), { code: 'INVALID_INPUT', message: /write UPPER_CASE/ });
  assert.throws(read({ PORT: z.int().default(1), GOBLIN_PORT: z.int().default(1) }), {
    code: 'INVALID_INPUT',
    message: /GOBLIN_PORT and PORT would both be --port/,
  });
  assert.throws(read({ LATE: z.string().refine(async () => true) }), {
    code: 'INVALID_INPUT',
    message: /synchronous/,
  });
});

test('the small schemas take their form and refuse others in words', () => {
  const env = {
    TEXT: 'a',
    LINK: 'https://a.example',
    COUNT: '3',
    ON: 'yes',
    LANE: 'fast',
    WAIT: '1.5s',
    ROOM: '64kb',
    HOSTS: 'a,b',
  };
  const schemas = {
    TEXT: setting.text(),
    LINK: setting.url(),
    COUNT: setting.integer({ min: 1 }),
    ON: setting.flag(),
    LANE: setting.choice(['fast', 'safe']),
    WAIT: setting.duration(),
    ROOM: setting.size({ default: '1mb' }),
    HOSTS: setting.list(),
    NONE: setting.url({ optional: true }),
    FALLBACK: setting.duration({ default: '2s' }),
  };
  assert.deepEqual(configOf({ env }).read(schemas), {
    TEXT: 'a',
    LINK: 'https://a.example',
    COUNT: 3,
    ON: true,
    LANE: 'fast',
    WAIT: 1_500,
    ROOM: 65_536,
    HOSTS: ['a', 'b'],
    NONE: undefined,
    FALLBACK: 2_000,
  });
  const wrong = { LINK: 'x y', COUNT: '0', ON: 'maybe', LANE: 'slow', WAIT: '5 minutes', ROOM: 'big' };
  const message = messageOf(() =>
    configOf({ env: wrong }).read({
      ...schemas,
      TEXT: setting.text({ default: 'a' }),
      HOSTS: setting.list({ default: [] }),
    }),
  );
  for (const expected of [
    'LINK    "x y" is not a URL (try https://example.com)',
    'COUNT   "0" is less than 1',
    'ON      "maybe" is not true or false',
    'LANE    "slow" is not one of fast, safe',
    'WAIT    "5 minutes" is not a duration such as 250ms, 5s, 10m or 2h',
    'ROOM    "big" is not a size such as 512b, 64kb or 1mb',
  ])
    assert.ok(message.includes(expected), `${expected}\nnot in\n${message}`);
});
