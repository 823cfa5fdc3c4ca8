/** Checks the walls between packages: a package imports only from floors below its own, only what it names in
 * its package.json, and only another package's public door. Prints each breach and exits 1 if there is one. */
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';

const FLOORS: Readonly<Record<string, number>> = {
  '@goblin/core': 0,
  '@goblin/mesh': 1,
  '@goblin/data': 1,
  '@goblin/identity': 1,
  '@goblin/mail': 2,
  '@goblin/edge': 2,
  '@goblin/palantir': 2,
  '@goblin/deploy': 2,
  '@goblin/cli': 3,
  goblin: 4,
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g;

interface Manifest {
  name: string;
  exports?: Record<string, string>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const manifests = new Map<string, Manifest>();
for (const file of globSync('packages/*/package.json')) {
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  manifests.set(manifest.name, manifest);
}

const breaches: string[] = [];

function check(file: string, specifier: string, own: Manifest, isTest: boolean): void {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return;
  if (specifier.startsWith('.')) {
    const folder = file.split('/').slice(0, 2).join('/');
    const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
    if (!target.startsWith(`${folder}/`))
      breaches.push(`${file}: ${specifier} reaches into another package's folder`);
    return;
  }
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
  const declared = { ...own.dependencies, ...own.optionalDependencies, ...(isTest && own.devDependencies) };
  if (name !== own.name && !Object.hasOwn(declared, name)) {
    breaches.push(`${file}: ${name} is not among the dependencies of ${own.name}`);
  }
  const target = manifests.get(name);
  if (!target) return;
  if (name !== own.name && FLOORS[name]! >= FLOORS[own.name]!) {
    breaches.push(
      `${file}: ${own.name} (floor ${FLOORS[own.name]}) may not import ${name} (floor ${FLOORS[name]})`,
    );
  }
  const door = specifier === name ? '.' : `.${specifier.slice(name.length)}`;
  if (!Object.hasOwn(target.exports ?? {}, door))
    breaches.push(`${file}: ${specifier} is not a public door of ${name}`);
}

const files = globSync('packages/*/{src,bin,test,fuzz,chaos}/**/*.{ts,js}', {
  exclude: (name) => name.includes('node_modules'),
});
for (const file of files) {
  const own = [...manifests.values()].find((manifest) =>
    file.startsWith(`packages/${folderOf(manifest.name)}/`),
  )!;
  const isTest = /\.(test|types)\.ts$|\/(test|testing|fixtures|fuzz|chaos)\//.test(file);
  // What stands in template literals is text that the source writes, not what it imports.
  const source = readFileSync(file, 'utf8').replace(/`(?:\\.|[^`\\])*`/gs, '``');
  for (const match of source.matchAll(IMPORT)) {
    check(file, (match[1] ?? match[2] ?? match[3])!, own, isTest);
  }
}

function folderOf(name: string): string {
  return name.replace('@goblin/', '');
}

if (breaches.length > 0) {
  console.error(
    `${breaches.length} ${breaches.length === 1 ? 'breach' : 'breaches'} of the walls between packages:\n  ${breaches.join('\n  ')}`,
  );
  process.exitCode = 1;
} else {
  console.log(`walls: ${files.length} files of ${manifests.size} packages keep to their floors`);
}
