/** How much one request may ask for. Whatever a query string says, reading it and writing its SQL stays within these. */
import { notUnderstood } from './rest-error.ts';

/** Of the query string, decoded or not. */
export const MAX_QUERY_CHARS = 16_384;
/** Columns, filters, members of lists, steps into JSON and terms of order, together. */
export const MAX_TERMS = 1_000;
/** How deep `and`, `or` and embedded tables may stand in each other. */
export const MAX_DEPTH = 8;
/** An answer is built by the database as a whole. */
export const MAX_ANSWER_BYTES: number = 16 * 1_048_576;
export const MAX_BODY_BYTES: number = 4 * 1_048_576;
/** How deep JSON may be nested in what is written. */
export const MAX_JSON_DEPTH = 64;
/** How many different sets of keys the objects of one insert may have. */
export const MAX_SHAPES = 16;

/** What is left of MAX_TERMS. */
export class Budget {
  #left = MAX_TERMS;

  spend(): void {
    if (--this.#left < 0) throw notUnderstood(`the query has more than ${MAX_TERMS} terms`);
  }
}
