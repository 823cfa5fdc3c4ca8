export type { Database, Listener } from './database/database.ts';
export type { Queryable, QueryResult, Row } from './database/queryable.ts';
export { type Identifier, identifier, type Statement, sql } from './database/sql.ts';
export type { Transaction, TransactionOptions } from './database/transaction.ts';
export { attachOrStart, type EmbeddedServer } from './embedded/embedded.ts';
export type { ServerOptions } from './embedded/postmaster.ts';
export { type EventDefinition, event, MAX_PAYLOAD_BYTES } from './events/event.ts';
export {
  type EventHandler,
  type ReceivedEvent,
  type SubscribeOptions,
  subscribe,
} from './events/subscribe.ts';
export { type PostgresOptions, postgres } from './postgres.ts';
