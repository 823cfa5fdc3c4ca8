/** For chaos tests: a Sleuth node in a process of its own. `serve <name>` answers with its process id; `ask <name> <count>`
 * prints what each of so many requests came to, one line each, after a first line `ready` when all are there.
 * Arguments: the interface, then one of these. */
import { createInterface } from 'node:readline';
import { testTelemetry } from '@goblin/core';
import { openSleuth } from '../open-sleuth.ts';

const [place = '', role, name = '', count = '1'] = process.argv.slice(2);

const handler = async (): Promise<Response> => new Response(String(process.pid));
const node = await openSleuth(
  { interface: place, ...(role === 'serve' && { serve: { name, handler } }) },
  { telemetry: testTelemetry() },
);
if (role === 'serve') {
  console.log('ready');
  process.once('SIGTERM', () => void node.stop().then(() => process.exit()));
  setInterval(() => {}, 60_000);
} else {
  while (node.peers.filter(({ service }) => service === name).length < Number(count))
    await new Promise((resolve) => setTimeout(resolve, 10));
  console.log('ready');
  for await (const _ of createInterface(process.stdin)) {
    console.log(
      await node.fetch(`sleuth://${name}/`).then(
        (response) => response.text(),
        (error) => error.code,
      ),
    );
  }
  await node.stop();
}
