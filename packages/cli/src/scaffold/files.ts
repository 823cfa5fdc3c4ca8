/** The files of a new service: the smallest that shows where everything goes. */

/** Words that the contract of a service cannot be called by, because the files use them or the language does. */
const TAKEN =
  /^(assert|case|catch|class|const|contract|default|delete|do|else|enum|export|extends|false|finally|for|function|if|import|in|is|new|null|return|serve|service|static|super|switch|test|this|throw|true|try|typeof|var|void|while|with|yield|z)$/;

/** File name → text. */
export function scaffold(name: string): Readonly<Record<string, string>> {
  const camel = name.replace(/-+(.?)/g, (_, letter: string) => letter.toUpperCase());
  const identifier = TAKEN.test(camel) ? `${camel}Contract` : camel;
  const member = identifier === name ? `${name}: service` : `'${name}': service`;
  const contractName = `${name}.v1`;
  return {
    'contract.ts': `import { contract } from 'goblin';
import { z } from 'zod';

export const ${identifier} = contract('${contractName}', {
  hello: {
    input: z.object({ name: z.string().min(1).max(100) }),
    output: z.object({ greeting: z.string() }),
    idempotent: true,
    summary: 'Greets somebody by name',
  },
});
`,
    'service.ts': `import { serve } from 'goblin';
import { ${identifier} } from './contract.ts';

export default serve(${identifier}, {
  hello({ name }) {
    return { greeting: \`Hello \${name}, this is ${name}\` };
  },
});
`,
    'service.test.ts': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGoblinError, testPlatform } from 'goblin';
import { ${identifier} } from './contract.ts';
import service from './service.ts';

test('it greets by name', async () => {
  await using platform = await testPlatform({ ${member} });
  const { greeting } = await platform.client(${identifier}).hello({ name: 'Ada' });
  assert.equal(greeting, 'Hello Ada, this is ${name}');
});

test('it refuses an empty name', async () => {
  await using platform = await testPlatform({ ${member} });
  await assert.rejects(platform.client(${identifier}).hello({ name: '' }), (error) => isGoblinError(error, 'INVALID_INPUT'));
});
`,
    'README.md': `# ${name}

What it promises, in a sentence.

\`\`\`sh
goblin run ${name}                                # alone, in this terminal
goblin call ${name} hello '{"name":"you"}'        # from another one
node --test 'services/${name}/*.test.ts'
\`\`\`
`,
  };
}
