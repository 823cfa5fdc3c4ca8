/** Asks the server to stop what a connection is doing. PostgreSQL takes this on a second connection, opened for
 * the purpose, with the key it gave to the first.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS */
import type pg from 'pg';
import { driver } from './driver.ts';

/** What the driver knows about a connection and its types do not tell. */
interface ClientInside {
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly host: string;
  readonly port: number;
  readonly ssl: boolean | object;
}

interface WireConnection extends pg.Connection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/** Resolves when the server has dealt with the request or could not be asked; never rejects. A request that takes
 * longer than `timeoutMs` is given up. */
export function requestCancel(client: pg.Client, timeoutMs: number): Promise<void> {
  const { processID, secretKey, host, port, ssl } = client as unknown as ClientInside;
  if (processID === null || secretKey === null) return Promise.resolve();
  const wire = new (driver().Connection)({ ssl } as pg.ConnectionConfig) as WireConnection;
  return new Promise((resolve) => {
    const timer = setTimeout(() => wire.stream.destroy(), timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    wire.on('connect', () => (ssl ? wire.requestSsl() : wire.cancel(processID, secretKey)));
    wire.on('sslconnect', () => wire.cancel(processID, secretKey));
    wire.on('error', done);
    // The server closes the connection once it has passed the request on.
    wire.stream.on('close', done);
    if (host.startsWith('/')) wire.connect(`${host}/.s.PGSQL.${port}`);
    else wire.connect(port, host);
  });
}
