/** What type-checking costs an editor: a workspace of 200 procedures, with their schemas, services and clients, has
 * to stay within a budget. Counted are instantiations and types, which do not depend on the machine. The budget
 * is for what each procedure adds to a workspace of one; libraries are in both and fall out. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../../..');
const CONTRACTS = 20;
const PROCEDURES = 10;

/** Measured with TypeScript 7.0 and zod 4.6: 2,468 instantiations and 498 types, for one procedure of a contract with
 * its handler and a call of it. The whole workspace then takes half a second. */
const MAX_INSTANTIATIONS_PER_PROCEDURE = 3_000;
const MAX_TYPES_PER_PROCEDURE = 600;

/** A contract as a service has it: nested inputs, lists, unions, each tenth procedure a stream. */
function contractFile(index: number, procedures: number): string {
  const specs = Array.from({ length: procedures }, (_, n) => {
    const stream = n % 10 === 9;
    return `  procedure${n}: {
    input: z.object({ id: z.string(), amount: Money, kind: z.enum(['a${n}', 'b${n}']), note: z.string().optional() }),
    output: z.object({ field${n}: z.number(), items: z.array(z.object({ name: z.string(), amount: Money })),
      result: z.union([z.object({ ok: z.literal(true) }), z.object({ ok: z.literal(false), why: z.string() })]) }),
    idempotent: ${n % 2 === 0},${stream ? '\n    stream: true,' : ''}
    errors: ['CODE_${n}'],
  },`;
  });
  return `import { contract } from '@goblin/core';
import { z } from 'zod';
const Money = z.object({ currency: z.string().length(3), minor: z.int() });
export const contract${index} = contract('service${index}.v1', {
${specs.join('\n')}
});
`;
}

/** Its service: every handler is written out, and calls the next service. */
function serviceFile(index: number, procedures: number, contracts: number): string {
  const next = (index + 1) % contracts;
  const handlers = Array.from({ length: procedures }, (_, n) => {
    const answer = `{ field${n}: input.amount.minor, items: [{ name: input.id, amount: input.amount }], result: { ok: true } }`;
    if (n % 10 === 9) return `    async *procedure${n}(input) { yield ${answer}; },`;
    return `    async procedure${n}(input) {
      const answer = await other.procedure${n}({ id: input.id, amount: input.amount, kind: 'a${n}' });
      if (!answer.result.ok) app.log.warn(answer.result.why);
      return ${answer};
    },`;
  });
  return `import { serve } from '@goblin/core';
import { contract${index} } from './contract${index}.ts';
${next === index ? '' : `import { contract${next} } from './contract${next}.ts';`}
export default serve(contract${index}, (app) => {
  const other = app.client(contract${next});
  return {
${handlers.join('\n')}
  };
});
`;
}

interface Cost {
  readonly instantiations: number;
  readonly types: number;
}

/** Type-checks a workspace, which has to be without errors, and reads what the compiler counted. */
async function check(contracts: number, procedures: number): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-types-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const compilerOptions = { noEmit: true, isolatedDeclarations: false, declaration: false };
    const config = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    for (let index = 0; index < contracts; index++) {
      writeFileSync(join(folder, `contract${index}.ts`), contractFile(index, procedures));
      writeFileSync(join(folder, `service${index}.ts`), serviceFile(index, procedures, contracts));
    }
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [
      tsc,
      '-p',
      folder,
      '--extendedDiagnostics',
    ]).catch((error: { stdout: string }) => assert.fail(`the workspace does not compile:\n${error.stdout}`));
    const count = (name: string): number => {
      const match = new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(stdout);
      assert.ok(match, `tsc printed no ${name}:\n${stdout}`);
      return Number(match[1]);
    };
    return { instantiations: count('Instantiations'), types: count('Types') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('200 procedures type-check within the budget', async (t) => {
  const one = await check(1, 1);
  const many = await check(CONTRACTS, PROCEDURES);
  const added = CONTRACTS * PROCEDURES - 1;
  const instantiations = Math.round((many.instantiations - one.instantiations) / added);
  const types = Math.round((many.types - one.types) / added);
  t.diagnostic(`per procedure: ${instantiations} instantiations, ${types} types`);
  assert.ok(
    instantiations <= MAX_INSTANTIATIONS_PER_PROCEDURE,
    `${instantiations} instantiations per procedure`,
  );
  assert.ok(types <= MAX_TYPES_PER_PROCEDURE, `${types} types per procedure`);
});
