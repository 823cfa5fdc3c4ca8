import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CliProject, cliProject } from './testing/cli-project.ts';

let project: CliProject;
before(() => {
  project = cliProject('', `  palantir: { settings: 'watch' },\n`);
});
after(() => project[Symbol.dispose]());

test('palantir check names file, line and column of each mistake, and fails', async () => {
  project.write('watch/a.yaml', 'rules:\n  - { name: x, expression: up ==, severity: high }\n');
  const { code, stdout, stderr } = await project.goblin('palantir', 'check');
  assert.equal(code, 1);
  const [first, ...others] = stdout.split('\n');
  assert.match(first!, /^watch\/a\.yaml:2:33 rules\[0\]\.expression: the query cannot be read here: /);
  assert.deepEqual(others, [
    'watch/a.yaml:2:45 rules[0].severity: write page, ticket or info, not "high"',
    '',
  ]);
  assert.equal(stderr, '2 mistakes\n');
});

test('palantir check says what it has read when all is well, also of a folder that is named', async () => {
  project.write('other/a.yaml', 'rules: [{ name: x, expression: up == 0 }]\nservices: { tax: {} }\n');
  const { code, stdout } = await project.goblin('palantir', 'check', 'other');
  assert.equal(code, 0);
  assert.match(stdout, /^other is good: rules: 1, and \d+ default ones; services: 1\n$/);
  const missing = await project.goblin('palantir', 'check', 'nowhere');
  assert.deepEqual([missing.code, missing.stderr], [1, 'goblin: nowhere does not exist  [NOT_FOUND]\n']);
});

test('palantir check and schema print JSON for programs', async () => {
  project.write('bad.yaml', 'rulez: []');
  const { code, stdout } = await project.goblin('palantir', 'check', 'bad.yaml', '--json');
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(stdout), {
    problems: [
      {
        file: 'bad.yaml',
        line: 1,
        column: 1,
        path: '',
        message: 'there is no key rulez here: did you mean rules?',
      },
    ],
  });
  const schema = await project.goblin('palantir', 'schema');
  assert.equal(
    (JSON.parse(schema.stdout) as { $schema: string }).$schema,
    'http://json-schema.org/draft-07/schema#',
  );
});
