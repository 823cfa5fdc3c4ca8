/** Writes docs/reference/cli.md anew. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referencePage } from './reference.ts';

const file = fileURLToPath(new URL('../../../docs/reference/cli.md', import.meta.url));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, referencePage());
