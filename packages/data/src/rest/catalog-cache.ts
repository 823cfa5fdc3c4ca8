/** The newest snapshot of the catalog that there is. The first request waits for the first one; no later request ever waits:
 * it uses what is there, and where that is older than FRESH_MS, or the database has just contradicted it, the next
 * snapshot is read in the background. */
import { systemClock } from '@goblin/core';
import type { Database } from '../database/database.ts';
import { routine } from '../database/routine.ts';
import { type Catalog, readCatalog } from './catalog.ts';

/** A change of the schema is seen by the first request after this time, and served from the next one on. */
const FRESH_MS = 10_000;
/** How soon a contradicted snapshot may be read again. */
const AGAIN_MS = 500;

export interface CatalogCache {
  current(): Catalog | Promise<Catalog>;
  /** Something was not as the snapshot says: read it again soon. */
  doubt(): void;
}

export function catalogCache(db: Database, schema: string, tables: readonly string[]): CatalogCache {
  let catalog: Catalog | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Catalog> | undefined;
  const missing = new Set<string>();

  function warn(found: Catalog): void {
    for (const name of tables) {
      if (found.tables.has(name)) missing.delete(name);
      else if (!missing.has(name)) {
        missing.add(name);
        db.telemetry.log.warn(
          { schema, table: name },
          `rest serves ${name}, which is not there in ${schema}`,
        );
      }
    }
  }

  function read(): Promise<Catalog> {
    reading ??= routine(() => readCatalog(db, schema, tables))
      .then((found) => {
        catalog = found;
        warn(found);
        return found;
      })
      .finally(() => {
        readAt = systemClock.now();
        reading = undefined;
      });
    return reading;
  }

  function readInBackground(): void {
    read().catch((err) => {
      db.telemetry.log.warn(
        { err, schema },
        'the catalog could not be read again; the one from before is used',
      );
    });
  }

  return {
    current() {
      if (!catalog) return read();
      if (systemClock.now() - readAt > FRESH_MS) readInBackground();
      return catalog;
    },
    doubt() {
      if (systemClock.now() - readAt > AGAIN_MS) readInBackground();
    },
  };
}
