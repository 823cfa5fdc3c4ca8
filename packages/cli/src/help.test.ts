import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { optionsOf } from './arguments.ts';
import { COMMANDS } from './command-table.ts';
import { SHELLS } from './completion.ts';
import { commandHelp, overview } from './help.ts';
import { referencePage } from './reference.ts';
import { withService } from './scaffold/config-entry.ts';

test('the overview names every command, and the help of a command all its options', () => {
  const lines = overview('1.2.3').split('\n');
  for (const command of COMMANDS) {
    assert.ok(lines.some((line) => line.startsWith(`  ${command.name} `)));
    for (const option of Object.keys(optionsOf(command)))
      assert.ok(commandHelp(command).includes(`--${option}`));
  }
});

test('every command of the table can be loaded', async () => {
  for (const command of COMMANDS) assert.equal(typeof (await command.load()).run, 'function');
});

test('docs/reference/cli.md is what the table says (node packages/cli/src/write-reference.ts writes it)', () => {
  const page = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
  assert.equal(page, referencePage());
});

for (const [shell, script] of Object.entries(SHELLS)) {
  test(`the completion for ${shell} names every command and is a valid script`, (t) => {
    for (const { name } of COMMANDS) assert.ok(script().includes(name));
    const checked = spawnSync(shell, ['-n'], { input: script(), encoding: 'utf8' });
    if (checked.error) return t.skip(`${shell} is not installed`);
    assert.equal(checked.stderr, '');
  });
}

test('bash completes commands, options and words', (t) => {
  const complete = (line: string): string[] => {
    const words = line.split(' ');
    const script = `${SHELLS.bash!()}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _goblin; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, error } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    if (error) t.skip('bash is not installed');
    return stdout.trim().split('\n');
  };
  assert.deepEqual(complete('goblin sca'), ['scale']);
  assert.deepEqual(complete('goblin logs --fo'), ['--follow']);
  assert.deepEqual(complete('goblin completion z'), ['zsh']);
});

test('a service is added to a config file in the style that is there', () => {
  const cases = [
    [
      `app({\n  services: {\n    tax: './t',\n  },\n})`,
      `app({\n  services: {\n    badge: './services/badge',\n    tax: './t',\n  },\n})`,
    ],
    [`app({ services: { tax: './t' } })`, `app({ services: { badge: './services/badge', tax: './t' } })`],
    [`app({ services: {} })`, `app({ services: { badge: './services/badge', } })`],
    [`app({\n  services: {\n  },\n})`, `app({\n  services: {\n    badge: './services/badge',\n  },\n})`],
  ];
  for (const [before, after] of cases) assert.equal(withService(before!, 'badge'), after);
  assert.match(withService('services: {}', 'my-badge')!, /'my-badge': '\.\/services\/my-badge',/);
  assert.equal(withService('app(spec)', 'badge'), undefined);
});
