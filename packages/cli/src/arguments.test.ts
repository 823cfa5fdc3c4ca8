import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from './arguments.ts';
import { UsageError } from './command.ts';
import { commandNamed } from './main.ts';

const logs = commandNamed('logs');
const run = commandNamed('run');

test('switches stand alone, may be negated and may be one letter; others take a value in two forms', () => {
  const { values, positionals } = parseArguments(logs, [
    'tax',
    '-f',
    '--since=10m',
    '--level',
    'warn',
    '-n',
    '5',
    'shop',
  ]);
  assert.deepEqual(
    [...values],
    [
      ['follow', true],
      ['since', '10m'],
      ['level', 'warn'],
      ['lines', '5'],
    ],
  );
  assert.deepEqual(positionals, ['tax', 'shop']);
  assert.equal(parseArguments(commandNamed('up'), ['--no-watch']).values.get('watch'), false);
});

test('what is no option is an error that names the one that was likely meant', () => {
  for (const [argv, message] of [
    [['--folow'], /no option --folow: did you mean --follow\?/],
    [['--since'], /--since needs a value: --since <duration>/],
    [['--follow=yes'], /--follow takes no value/],
    [['--xyzzy'], /no option --xyzzy$/],
  ] as const) {
    assert.throws(
      () => parseArguments(logs, argv),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  }
});

test('JSON and a dash are values, and after -- everything is', () => {
  const call = commandNamed('call');
  assert.deepEqual(parseArguments(call, ['tax', 'quote', '{"a":-1}']).positionals, [
    'tax',
    'quote',
    '{"a":-1}',
  ]);
  assert.deepEqual(parseArguments(call, ['tax', 'quote', '-']).positionals, ['tax', 'quote', '-']);
  assert.deepEqual(parseArguments(call, ['--', '--x']).positionals, ['--x']);
});

test('run keeps what is its own and passes everything else on as it came', () => {
  const { values, positionals, rest } = parseArguments(run, [
    '--data',
    'here',
    'tax',
    '--port',
    '1',
    '--config=c.ts',
    '--debug',
  ]);
  assert.deepEqual(
    [...values],
    [
      ['data', 'here'],
      ['config', 'c.ts'],
    ],
  );
  assert.deepEqual(positionals, ['tax']);
  assert.deepEqual(rest, ['--port', '1', '--debug']);
});

test('a command that does not exist is an error that names the one that was likely meant', () => {
  assert.throws(() => commandNamed('sclae'), /did you mean goblin scale\?/);
});
