/** Stands in for the `goblin` command in this package's tests: `run <service>` is an HTTP server that answers with
 * what `service.js` in its folder says, speaks the supervisor's protocol and does the mischief it is told to. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { supervisorLink } from '../process/supervisor-link.ts';

const link = supervisorLink()!;
const service = process.argv[3]!;
// The edge and the backup have no environment of their own.
const { FOLDER = service, NEVER_READY } = process.env;

const said = readFileSync(join(FOLDER, 'service.js'), 'utf8').trim();
if (said === 'broken') {
  link.tell({ goblin: 'failed', message: `${service} does not compile` });
  process.exit(1);
}

let calls = 0;
const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(7);
  if (request.url === '/hang') for (;;);
  if (request.url === '/print') process.stdout.write(`plain words\n{"level":"error","msg":"own record"}\n`);
  if (request.url === '/environment') return void response.end(JSON.stringify(process.env));
  if (request.url === '/readyz' && said === 'unwell') {
    response.statusCode = 503;
    return void response.end('{"ok":false,"checks":{"database":{"ok":false,"detail":"gone"}}}');
  }
  calls += 1;
  response.end(said);
});
server.listen(0, '127.0.0.1', () => {
  if (NEVER_READY) return;
  const { port } = server.address() as AddressInfo;
  link.tell({ goblin: 'phase', phase: 'ready', url: `http://127.0.0.1:${port}` });
});
link.beat(() => [{ durations: { count: calls, sum: calls, buckets: [480, calls] }, errors: 0 }]);
link.onStop(() => {
  if (said === 'stubborn') return;
  link.tell({ goblin: 'phase', phase: 'draining' });
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
