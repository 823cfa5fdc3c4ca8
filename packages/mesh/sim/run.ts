/** `npm run sim -- <name> [options]`: runs production code in a simulated world and reports how it does. Without a name
 * it says what there is and gives the resilience report from two seeds, which takes a minute and keeps nothing. */

const SIMULATIONS: Readonly<Record<string, { readonly about: string; readonly file: string }>> = {
  membership: {
    about: 'how fast and how surely members of a cluster know what happens in it',
    file: './membership/run.ts',
  },
  resilience: {
    about: 'how calls fare while servers are slow, failing, overloaded, cut off or replaced',
    file: './resilience/run.ts',
  },
};
const DEFAULT = ['resilience', '--seeds', '2', '--baseline', '0', '--no-keep'];

const given = process.argv.slice(2);
const [name, ...args] = given.length === 0 ? DEFAULT : given;
const simulation = Object.hasOwn(SIMULATIONS, name!) ? SIMULATIONS[name!] : undefined;
if (given.length === 0 || !simulation) {
  console.error('npm run sim -- <name> [options]\n');
  for (const [key, { about }] of Object.entries(SIMULATIONS)) console.error(`  ${key.padEnd(12)} ${about}`);
}
if (!simulation) process.exit(2);
if (given.length === 0) console.error(`\nnow: ${DEFAULT.join(' ')}\n`);
const { run } = (await import(simulation.file)) as { run(args: readonly string[]): void | Promise<void> };
await run(args);
