/** `npm run sim -- <name> [options]`: runs production code in a simulated world and reports how it does. */

const SIMULATIONS: Readonly<Record<string, { readonly about: string; readonly file: string }>> = {
  membership: {
    about: 'how fast and how surely members of a cluster know what happens in it',
    file: './membership/run.ts',
  },
};

const [name, ...args] = process.argv.slice(2);
const simulation = name === undefined ? undefined : SIMULATIONS[name];
if (!simulation) {
  console.error('npm run sim -- <name> [options]\n');
  for (const [key, { about }] of Object.entries(SIMULATIONS)) console.error(`  ${key.padEnd(12)} ${about}`);
  process.exit(2);
}
const { run } = (await import(simulation.file)) as { run(args: readonly string[]): void | Promise<void> };
await run(args);
