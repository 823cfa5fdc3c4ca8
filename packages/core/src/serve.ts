/** `serve` binds an implementation to a contract. The result is a plain value: nothing runs until a host
 * starts it, in a process with a listener or, in a test, in process. */

import type { CallFilter } from './call.ts';
import type { Client, Contract, Handlers } from './contract.ts';
import type { Size } from './duration.ts';
import type { Health } from './health.ts';
import type { Logger } from './log/log.ts';
import type { ModuleContext } from './module.ts';

export interface ClientOptions {
  /** Filters around each call, outside the platform's own: what they refuse is not sent. */
  readonly filters?: readonly CallFilter[];
}

/** What a service is given to build itself from. */
export interface App extends ModuleContext {
  readonly log: Logger;
  /** A typed client of another service, found by discovery; in a test, of whatever the test put in place. */
  client<C extends Contract>(contract: C, options?: ClientOptions): Client<C>;
  /** Adds a check: while it is not ok the instance is alive but not ready. */
  health(name: string, check: () => Promise<Health> | Health): void;
  /** Runs a loop in the background from the moment the service is ready. It should end soon after `signal` is
   * aborted; if it throws it is restarted with backoff, logged and counted. */
  background(name: string, run: (signal: AbortSignal) => Promise<void>): void;
}

/** A plain HTTP route: Fetch in, Fetch out. `call` holds the service's own procedures, called through all
 * filters. `params` are the `:name` parts of the path. */
export type Route<C> = (
  request: Request,
  call: Client<C>,
  params: Readonly<Record<string, string>>,
) => Response | Promise<Response>;

/** One open WebSocket, as a handler sees it. Sending to a peer that reads too slowly closes it (code 1013). */
export interface Socket {
  readonly id: string;
  readonly request: Request;
  send(message: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  join(room: string): void;
  leave(room: string): void;
  /** Sends to everyone in the room but this one. */
  broadcast(room: string, message: string | Uint8Array): void;
}

export interface SocketHandler {
  open?(socket: Socket): void | Promise<void>;
  message?(socket: Socket, message: string | Uint8Array): void | Promise<void>;
  close?(socket: Socket, code: number, reason: string): void | Promise<void>;
}

export interface ServeOptions<C> {
  /** `'GET /badges/:name.svg'` → handler. The first segment is the method, `*` takes the rest of a path. */
  readonly routes?: Readonly<Record<string, Route<C>>>;
  /** `'/ticker'` → handler of a WebSocket. */
  readonly sockets?: Readonly<Record<string, SocketHandler>>;
  /** `'/assets'` → a folder of files to serve, relative to the service's own folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** The largest body of a request. Default 1mb. */
  readonly maxBody?: Size;
  /** Filters around every procedure, inside the platform's own. */
  readonly filters?: readonly CallFilter[];
}

export type Implementation<C> = Handlers<C> | ((app: App) => Handlers<C> | Promise<Handlers<C>>);

export interface ServiceDefinition<C extends Contract = Contract> {
  readonly contract: C;
  readonly implementation: Implementation<C>;
  /** May depend on the app too: then it is built after the implementation. */
  readonly options: ServeOptions<C> | ((app: App) => ServeOptions<C> | Promise<ServeOptions<C>>);
}

/** @example export default serve(tax, { quote: ({ country, amount }) => … }); */
export function serve<C extends Contract>(
  contract: C,
  implementation: Implementation<C>,
  options: ServiceDefinition<C>['options'] = {},
): ServiceDefinition<C> {
  return { contract, implementation, options };
}
